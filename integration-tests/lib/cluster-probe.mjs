/**
 * The part of the scripts that needs a clock finer than a shell's: follows one member, or watches a steady cluster.
 * Lines for people go to stderr, the result as JSON to stdout.
 *
 *   cluster-probe.mjs follow URL NODE --until DOWN,GONE --within MS [--since UNIX_MS]
 *   cluster-probe.mjs steady URL --for MS
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { hangUp, readStatus } from './http.mjs';

const LOOK_EVERY_MS = 100;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { until: { type: 'string' }, within: { type: 'string' }, since: { type: 'string' }, for: { type: 'string' } },
});
const [command, baseUrl, nodeId] = positionals;

/** Prints every change of one member's status until it is one of those wanted. */
async function follow() {
  const until = options.until.split(',');
  const sinceUnixMs = Number(options.since ?? Date.now());
  const endMs = performance.now() + Number(options.within);
  const seen = [];
  let last;
  for (;;) {
    const status = await readStatus(baseUrl).catch(() => null);
    const member = status?.membership[nodeId];
    const now = status === null ? last : (member?.status ?? 'GONE');
    if (status !== null && now !== last) {
      const atMs = Date.now() - sinceUnixMs;
      const { healthyNodes, totalNodes } = status;
      seen.push({ status: now, atMs, reason: member?.reason ?? '', healthyNodes, totalNodes, changedAtUnixMs: member?.changedAtUnixMs ?? null });
      process.stderr.write(`    ${(atMs / 1000).toFixed(2).padStart(7)} s  ${now.padEnd(9)} ${member?.reason ?? ''}\n`);
      last = now;
    }
    const isReached = until.includes(last);
    if (isReached || performance.now() > endMs) {
      console.log(JSON.stringify({ reached: isReached, status: last ?? null, seen }));
      return isReached ? 0 : 1;
    }
    await pause(LOOK_EVERY_MS);
  }
}

/** Looks once a second: the same members, all HEALTHY, each heard of again and again. */
async function steady() {
  const endMs = performance.now() + Number(options.for);
  const problems = [];
  const first = await readStatus(baseUrl);
  const names = Object.keys(first.membership).filter((id) => !['DOWN', 'LEFT'].includes(first.membership[id].status));
  const beats = new Map(names.map((id) => [id, new Set()]));
  let looks = 0;
  while (performance.now() < endMs && problems.length === 0) {
    const status = await readStatus(baseUrl);
    looks++;
    if (!status.hasQuorum) problems.push('the quorum was lost');
    for (const id of names) {
      const member = status.membership[id];
      if (member === undefined) problems.push(`${id} disappeared`);
      else if (member.status !== 'HEALTHY') problems.push(`${id} became ${member.status}: ${member.reason}`);
      else beats.get(id).add(member.lastHeartbeatTime);
    }
    await pause(1000);
  }
  for (const [id, times] of beats) if (looks > 3 && times.size < looks / 3) problems.push(`${id} was heard of only ${times.size} times in ${looks} s`);
  console.log(JSON.stringify({ members: names.length, looks, problems }));
  return problems.length === 0 ? 0 : 1;
}

const run = { follow, steady }[command];
if (run === undefined) {
  process.stderr.write(`cluster-probe: there is no command "${command}"; there are follow and steady\n`);
  process.exit(2);
}
try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`cluster-probe: ${error.message}\n`);
  process.exitCode = 3;
}
hangUp();
