/** Prints the table of the load test from {load, detection, downMsMax, availabilityMin} on stdin; exit code 1 when a promise was broken. */
import { readFileSync } from 'node:fs';

const { load, detection, downMsMax, availabilityMin } = JSON.parse(readFileSync(0, 'utf8'));
const NAME_WIDTH = 30;
const VALUE_WIDTH = 26;
const broken = [];
const row = (name, value, promise = '', holds = true) => {
  console.log(`    ${name.padEnd(NAME_WIDTH)}${String(value).padEnd(VALUE_WIDTH)}${promise}${holds ? '' : '  <- broken'}`);
  if (!holds) broken.push(`${name}: ${value}, promised ${promise}`);
};
const ms = (value) => (value === null ? '–' : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`);
const share = ({ ok, sent }) => (sent === 0 ? 100 : (100 * ok) / sent);
const latency = (part) => `${ms(part.p50Ms)} / ${ms(part.p99Ms)} / ${ms(part.maxMs)}`;

console.log('');
row('', 'measured', 'promised');
for (const [name, part] of [['POST /api/logs', load.post], ['GET /api/logs', load.get]]) {
  row(`${name} sent`, `${part.sent} (${(part.sent / load.seconds).toFixed(1)}/s)`);
  row(`${name} succeeded`, `${share(part).toFixed(2)} % (${part.failed} failed)`, `>= ${availabilityMin} %`, share(part) >= availabilityMin);
  row(`${name} p50/p99/max`, latency(part));
}
row('/cluster/status answered', `${load.statusLooks - load.statusFailures} of ${load.statusLooks}`, 'always', load.statusFailures === 0);
row('records acknowledged', load.accepted);
// A request that failed may have been acted on: the answer was lost, not the record. Beyond that the count is exact.
const isComplete = load.stored !== null && load.stored >= load.accepted && load.stored <= load.accepted + load.post.failed;
row('records stored', load.stored ?? 'cannot be counted', load.post.failed === 0 ? 'as many, exactly' : `as many, and at most ${load.post.failed} more`, isComplete);
if (detection !== null) {
  const suspect = detection.seen.find(({ status }) => status === 'SUSPECT');
  const down = detection.seen.at(-1);
  row('SUSPECT after the kill', suspect === undefined ? 'not needed: proven gone' : ms(suspect.atMs));
  row('DOWN after the kill', ms(down.atMs), `<= ${downMsMax} ms`, down.atMs <= downMsMax);
}
if (load.skipped > 0) row('not sent: too many in flight', load.skipped);
console.log('');
row('health scores', 'min / mean', 'statuses seen');
for (const [nodeId, { min, mean, statuses }] of Object.entries(load.scores)) row(`  ${nodeId}`, `${min} / ${mean}`, statuses.join(' → '));
if (load.badSeconds.length > 0) console.log(`\n    requests failed in these seconds of the load: ${load.badSeconds.slice(0, 20).join(', ')}`);
for (const [why, count] of Object.entries(load.failures)) console.log(`    ${count} x ${why}`);
for (const line of broken) console.error(`\n  ✗ ${line}`);
process.exitCode = broken.length === 0 ? 0 : 1;
