/**
 * Watches a cluster while it is harmed: asks every coordinator for its view of the group, changes members and reads them back through each
 * of them, and looks at the gateway; all the time, until SIGTERM. Judges what it sees at once (`ha-judge.mjs`).
 *
 *   ha-watch.mjs GATEWAY --coordinators NAME=URL,NAME=URL --facts FILE --harmed FILE --run NAME
 *
 * Writes one JSON line per fact to --facts: what was acknowledged, refused and unanswered, who led since when, promises that were broken.
 * Members named in --harmed (a line each, added before the harm) may be DOWN. Ends with 0, or at the first broken promise with 1.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Judge } from './ha-judge.mjs';
import { ask, hangUp, readStatus } from './http.mjs';

const LOOK_EVERY_MS = 100;
const WRITE_EVERY_MS = 400;
/** After a failure, so that the first change that goes through is seen soon. */
const RETRY_EVERY_MS = 50;
const ANSWER_MS_MAX = 2000;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { coordinators: { type: 'string' }, facts: { type: 'string' }, harmed: { type: 'string' }, run: { type: 'string' } },
});
const [gatewayUrl] = positionals;
const coordinators = options.coordinators.split(',').map((each) => ({ nodeId: each.slice(0, each.indexOf('=')), url: each.slice(each.indexOf('=') + 1) }));
const judge = new Judge();
const end = new AbortController();
const counts = { looks: 0, reads: 0, readsFailed: 0, gatewayAnswers: 0, gatewayFailures: 0 };

const fact = (kind, facts) => appendFileSync(options.facts, `${JSON.stringify({ atUnixMs: Date.now(), kind, ...facts })}\n`);
const harmed = () => new Set(readFileSync(options.harmed, 'utf8').split('\n'));

function judged(broken) {
  for (const promise of broken) {
    fact('broken', { promise });
    process.stderr.write(`    ✗ ${promise}\n`);
    process.exitCode = 1;
  }
  if (broken.length > 0) end.abort();
}

async function every(ms, look) {
  while (!end.signal.aborted) {
    const waitMs = (await look()) ?? ms;
    await pause(waitMs, undefined, { signal: end.signal }).catch(() => {});
  }
}

/** Who leads, as this coordinator says. */
function watchGroup({ url }) {
  let told = '';
  return every(LOOK_EVERY_MS, async () => {
    const answer = await ask(`${url}/raft/status`, 'GET', undefined, ANSWER_MS_MAX).catch(() => null);
    if (answer?.code !== 200) return;
    const status = JSON.parse(answer.text);
    counts.looks++;
    judged(judge.status(status));
    const { nodeId, state, term, leaderId } = status;
    if (state === 'leader' && told !== `${term}`) fact('leads', { nodeId, term });
    told = state === 'leader' ? `${term}` : '';
    if (leaderId === null) return RETRY_EVERY_MS;
  });
}

/** Changes one member through one coordinator, over and over: the coordinators' own entries, whose marks route no traffic. */
function write({ nodeId: via, url }, target) {
  let sequence = 0;
  return every(WRITE_EVERY_MS, async () => {
    const order = sequence % 2 === 0 ? 'cordon' : 'uncordon';
    const token = `${options.run}-${via}-${++sequence}`;
    const startedUnixMs = Date.now();
    const answer = await ask(`${url}/cluster/members/${target}/${order}`, 'POST', { reason: token, by: 'test-ha-cluster' }, ANSWER_MS_MAX).catch((error) => ({ code: 0, text: error.message }));
    const about = { token, via, target, startedUnixMs, tookMs: Date.now() - startedUnixMs };
    if (answer.code === 200) {
      const { changed, index, term } = JSON.parse(answer.text);
      if (!changed) return;
      judge.acknowledged({ target, index });
      fact('acknowledged', { ...about, index, term });
      return;
    }
    fact('unacknowledged', { ...about, code: answer.code, text: answer.text.slice(0, 200) });
    return RETRY_EVERY_MS;
  });
}

/** Reads what others write, through one coordinator, so that nobody may have missed it. */
function read({ nodeId: via, url }) {
  let turn = 0;
  return every(LOOK_EVERY_MS, async () => {
    const { nodeId: target } = coordinators[++turn % coordinators.length];
    const floor = judge.floorOf(target);
    const answer = await ask(`${url}/cluster/members/${target}?consistency=linearizable`, 'GET', undefined, ANSWER_MS_MAX).catch(() => null);
    if (answer?.code !== 200) {
      counts.readsFailed++;
      return;
    }
    counts.reads++;
    judged(judge.read({ target, via, index: JSON.parse(answer.text).index, floor }));
  });
}

function watchGateway() {
  return every(LOOK_EVERY_MS, async () => {
    const status = await readStatus(gatewayUrl).catch(() => null);
    if (status === null) {
      counts.gatewayFailures++;
      fact('gateway-silent', {});
      return;
    }
    counts.gatewayAnswers++;
    judged(judge.shown(status, harmed()));
  });
}

process.on('SIGTERM', () => end.abort());
fact('begun', { coordinators: coordinators.map(({ nodeId }) => nodeId) });
await Promise.all([watchGateway(), ...coordinators.flatMap((each, at) => [watchGroup(each), read(each), write(each, coordinators[(at + 1) % coordinators.length].nodeId)])]);
for (const { nodeId } of coordinators) {
  for (const { url } of coordinators) {
    const answer = await ask(`${url}/cluster/members/${nodeId}/uncordon`, 'POST', { reason: 'the test is over', by: 'test-ha-cluster' }, ANSWER_MS_MAX).catch(() => null);
    if (answer?.code === 200) break;
  }
}
fact('ended', { ...counts, leaders: judge.leaders });
hangUp();
