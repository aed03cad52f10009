/**
 * The part of the scripts that needs a clock finer than a shell's: follows one member, waits for all of them, or watches a steady cluster.
 * Lines for people go to stderr, the result as JSON to stdout.
 *
 *   cluster-probe.mjs follow URL NODE --until DOWN,GONE --within MS [--since UNIX_MS]
 *   cluster-probe.mjs healthy URL --within MS
 *   cluster-probe.mjs steady URL --for MS
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ask, hangUp, readStatus } from './http.mjs';

const LOOK_EVERY_MS = 100;
/** Added to the moment that the cluster names for a member: its next beats have to arrive, on a machine that is busy. */
const AFTER_TRIAL_MS = 20_000;

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

/**
 * Waits until all members are HEALTHY. Who failed before, in an earlier drill perhaps, is on trial for as long as the cluster says, and that is waited
 * for; once, so that a member that fails again and again is not waited for for ever.
 */
async function healthy() {
  const startMs = performance.now();
  const limitMs = Number(options.within);
  const trials = new Map();
  for (;;) {
    const status = await readStatus(baseUrl).catch(() => null);
    const sick = Object.values(status?.membership ?? {}).filter((member) => member.status !== 'HEALTHY' && member.status !== 'LEFT');
    if (status !== null && sick.length === 0) return 0;
    for (const { nodeId } of sick) await noteTrial(nodeId, trials);
    const isPatient = ({ nodeId }) => Date.now() < (trials.get(nodeId)?.untilUnixMs ?? 0);
    if (performance.now() - startMs > limitMs && !sick.some(isPatient)) {
      console.log(JSON.stringify({ waitedMs: Math.round(performance.now() - startMs), sick: status === null ? ['the gateway does not answer'] : sick.map(inWords) }));
      return 1;
    }
    await pause(LOOK_EVERY_MS * 5);
  }
}

const inWords = ({ nodeId, status, reason }) => `${nodeId} is ${status} (${reason})`;

/** Asks until when the cluster itself holds a member back, and keeps its first word about each kind of it. */
async function noteTrial(nodeId, trials) {
  const why = await ask(`${baseUrl}/cluster/members/${encodeURIComponent(nodeId)}/why`).then(({ code, text }) => (code === 200 ? JSON.parse(text) : null), () => null);
  const known = trials.get(nodeId) ?? { untilUnixMs: 0, kinds: new Set() };
  const words = { trial: why?.admission?.notBeforeUnixMs, damping: why?.marks?.includes('damped') ? why.damping.untilUnixMs : null };
  for (const [kind, atUnixMs] of Object.entries(words)) {
    if (typeof atUnixMs !== 'number' || atUnixMs <= Date.now() || known.kinds.has(kind)) continue;
    known.kinds.add(kind);
    known.untilUnixMs = Math.max(known.untilUnixMs, atUnixMs + AFTER_TRIAL_MS);
    const cause = kind === 'trial' ? 'it failed before, and is HEALTHY again' : 'it failed too often of late, and is believed again';
    process.stderr.write(`    ${nodeId} is ${why.status}: ${cause} in ${Math.ceil((atUnixMs - Date.now()) / 1000)} s at the earliest\n`);
  }
  trials.set(nodeId, known);
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

const run = { follow, healthy, steady }[command];
if (run === undefined) {
  process.stderr.write(`cluster-probe: there is no command "${command}"; there are follow, healthy and steady\n`);
  process.exit(2);
}
try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`cluster-probe: ${error.message}\n`);
  process.exitCode = 3;
}
hangUp();
