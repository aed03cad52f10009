/**
 * Makes load through a gateway at a steady rate, whatever the answers take: posts log records and reads them in turn,
 * samples every member's score once a second, and counts in the end what was stored. The result is JSON on stdout.
 *
 *   make-load.mjs URL --for MS --rate N
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ask, hangUp, IN_FLIGHT_MAX, readStatus } from './http.mjs';

const SAMPLE_EVERY_MS = 1000;
const STORED_MS_MAX = 60_000;
const FAILURES_SHOWN = 10;
const SOURCES = 16;

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { for: { type: 'string' }, rate: { type: 'string' } } });
const [baseUrl] = positionals;
const totalMs = Number(options.for);
const rate = Number(options.rate);
/** Found in no other record, so that ours can be counted. */
const service = `load-${Date.now().toString(36)}`;
const startedMs = performance.now();
const elapsedMs = () => performance.now() - startedMs;

const requests = { post: [], get: [] };
const failures = new Map();
let inFlight = 0;
let skipped = 0;
let accepted = 0;

const post = (sequence) => ask(`${baseUrl}/api/logs`, 'POST', { level: 'info', service, source: `load-${sequence % SOURCES}`, message: `record ${sequence} of the load test` });
const get = () => ask(`${baseUrl}/api/logs?service=${service}&limit=5`);

async function fire(kind, sequence) {
  inFlight++;
  const atMs = elapsedMs();
  let why = null;
  try {
    const { code, text } = await (kind === 'post' ? post(sequence) : get());
    if (code < 200 || code > 299) why = `${kind.toUpperCase()} answered ${code}: ${text.slice(0, 160)}`;
    else if (kind === 'post') accepted += JSON.parse(text).accepted;
  } catch (error) {
    why = `${kind.toUpperCase()} failed: ${error.message}`;
  }
  if (why !== null) failures.set(why, (failures.get(why) ?? 0) + 1);
  requests[kind].push({ atMs, ms: elapsedMs() - atMs, ok: why === null });
  inFlight--;
}

async function fireAll() {
  for (let sequence = 0; elapsedMs() < totalMs; sequence++) {
    const waitMs = (sequence * 1000) / rate - elapsedMs();
    if (waitMs > 0) await pause(waitMs);
    if (inFlight >= IN_FLIGHT_MAX) skipped++;
    else void fire(sequence % 2 === 0 ? 'post' : 'get', sequence);
  }
  while (inFlight > 0) await pause(20);
}

async function sampleScores() {
  const scores = new Map();
  let looks = 0;
  let lookFailures = 0;
  while (elapsedMs() < totalMs) {
    const status = await readStatus(baseUrl).catch(() => null);
    looks++;
    if (status === null) lookFailures++;
    for (const member of Object.values(status?.membership ?? {})) {
      const known = scores.get(member.nodeId) ?? { min: 100, sum: 0, count: 0, statuses: [] };
      known.min = Math.min(known.min, member.healthScore);
      known.sum += member.healthScore;
      known.count++;
      if (known.statuses.at(-1) !== member.status) known.statuses.push(member.status);
      scores.set(member.nodeId, known);
    }
    await pause(SAMPLE_EVERY_MS);
  }
  const rounded = [...scores].map(([id, { min, sum, count, statuses }]) => [id, { min: Math.round(min), mean: Math.round(sum / count), statuses }]);
  return { statusLooks: looks, statusFailures: lookFailures, scores: Object.fromEntries(rounded) };
}

/** Records that were acknowledged must all arrive, in their own time. Null when nobody can count them. */
async function countStored() {
  const endMs = elapsedMs() + STORED_MS_MAX;
  let count = null;
  while (elapsedMs() < endMs && (count === null || count < accepted)) {
    const answer = await ask(`${baseUrl}/api/logs/count?service=${service}`).catch(() => null);
    if (answer?.code === 200) count = JSON.parse(answer.text).count;
    await pause(250);
  }
  return count;
}

function summary(samples) {
  const times = samples.map(({ ms }) => ms).sort((a, b) => a - b);
  const percentile = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? null;
  const ok = samples.filter((sample) => sample.ok).length;
  return { sent: samples.length, ok, failed: samples.length - ok, p50Ms: percentile(0.5), p90Ms: percentile(0.9), p99Ms: percentile(0.99), maxMs: times.at(-1) ?? null };
}

const [watched] = await Promise.all([sampleScores(), fireAll()]);
const stored = await countStored();
const badSeconds = [...requests.post, ...requests.get].filter(({ ok }) => !ok).map(({ atMs }) => Math.floor(atMs / 1000));
const result = {
  service,
  seconds: totalMs / 1000,
  skipped,
  post: summary(requests.post),
  get: summary(requests.get),
  badSeconds: [...new Set(badSeconds)].sort((a, b) => a - b),
  failures: Object.fromEntries([...failures].slice(0, FAILURES_SHOWN)),
  accepted,
  stored,
  ...watched,
};
console.log(JSON.stringify(result));
hangUp();
