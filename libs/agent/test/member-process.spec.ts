/** What the cluster sees of a member whose process is blocked, paused, killed or hurt. Real processes, threads and sockets. */
import type { Beat, ProbeTarget } from '@muster/contracts';
import { eventually, until } from '@muster/testing';
import { probe } from '../src/probe/probe.js';
import { Reach } from '../src/probe/reach.js';
import { FakeCoordinator } from '../testing/fake-coordinator.js';
import { MemberProcess } from '../testing/member-process.js';

const INTERVAL_MS = 200;
const here = new Reach(['http://127.0.0.1:1']);
let fake: FakeCoordinator;
let member: MemberProcess;

beforeEach(async () => {
  fake = await FakeCoordinator.start();
});
afterEach(async () => {
  member.signal('SIGKILL');
  await until('the member ended', () => member.exitCode !== undefined);
  await fake.close();
});

async function start(worker = true): Promise<void> {
  member = await MemberProcess.start({ coordinators: [fake.url], worker, intervalMs: INTERVAL_MS });
  await until('beats on the bus', () => member.busBeats.length >= 2);
}

/** As a coordinator learns it from the beats. */
function target(): ProbeTarget {
  const beat = member.busBeats.at(-1) as Beat;
  return { nodeId: beat.nodeId, incarnation: beat.incarnation, probeUrl: beat.probeUrl, httpUrl: beat.httpUrl };
}

/** Longer than any of these tests lasts: the member is killed before. */
const BLOCK_MS = 20_000;

const seqs = (beats: readonly Beat[]) => beats.map(({ seq }) => seq);

test('A main loop that is blocked for 8 s: beats go on with a growing lag, the probe port answers with it, and the end of it is told at once', async () => {
  await start();
  member.tell('block 8000');
  await until('beats of a frozen application', () => fake.beats.filter(({ mainLagMs }) => mainLagMs >= 700).length >= 4);
  const frozen = fake.beats.filter(({ mainLagMs }) => mainLagMs >= 700);
  expect(frozen[0]?.mainLagMs).toBeLessThan(1500);
  expect(frozen.map(({ mainLagMs }) => mainLagMs)).toEqual(frozen.map(({ mainLagMs }) => mainLagMs).toSorted((a, b) => a - b));
  expect(frozen.at(-1)?.vitals.eventLoopDelayMs).toBeGreaterThanOrEqual(700);
  await eventually('it answers, and says so', () => probe(target(), 1000, here), ({ result, mainLagMs }) => result === 'answered' && mainLagMs >= 700);
  const before = fake.beats.length;
  await until('it moves again', () => fake.beats.slice(before).some(({ mainLagMs }) => mainLagMs === 0));
  const onBus = member.busBeats.length;
  await until('the bus carries beats again', () => member.busBeats.length > onBus + 2);
  expect(seqs(fake.beats)).toEqual(seqs(fake.beats).toSorted((a, b) => a - b));
  expect(member.lines.filter((line) => /^the main loop stood still for \d+\.\d s/.test(line))).toHaveLength(1);
});

test('a main loop that is blocked again and again finds the bus carrying its beats each time', async () => {
  await start();
  for (let round = 0; round < 5; round++) {
    member.tell('block-before-beat 450');
    await until('it is blocked', () => member.said.filter(({ kind }) => kind === 'blocking').length > round);
    const onBus = member.busBeats.length;
    await until('the bus carries beats', () => member.busBeats.length > onBus + 1);
  }
});

test('Without a thread of its own a blocked member neither beats nor answers: what the worker is for', async () => {
  await start(false);
  member.tell(`block ${BLOCK_MS}`);
  await until('it is blocked', () => member.said.some(({ kind }) => kind === 'blocking'));
  expect((await probe(target(), 300, here)).result).toBe('accepted');
});

test('SIGSTOP: probes are taken by the kernel and not answered; after SIGCONT nobody is told of a lag that was none', async () => {
  await start();
  const at = target();
  member.signal('SIGSTOP');
  expect((await probe(at, 400, here)).result).toBe('accepted');
  const pausedMs = performance.now();
  await until('a pause of a second', () => performance.now() - pausedMs > 1000);
  const before = member.busBeats.length;
  member.signal('SIGCONT');
  await until('it beats again', () => member.busBeats.length > before + 2);
  await until('it answers', async () => (await probe(at, 1000, here)).result === 'answered');
  expect(fake.beats.filter(({ mainLagMs }) => mainLagMs >= 700)).toEqual([]);
  expect(member.lines.filter((line) => /^this process did not run for [1-9]\.\d s/.test(line))).toHaveLength(1);
});

test('kill -9: both ports refuse, and the lane breaks without a last word', async () => {
  await start();
  const at = target();
  member.signal('SIGKILL');
  await until('the lane broke', () => fake.ends.length > 0);
  expect(await probe(at, 500, here)).toEqual({ result: 'refused', mainLagMs: 0 });
  expect(fake.ends[0]).not.toBe('left');
});

test('leaving ends the process: the last word is on the bus and on the lane, and the worker does not hold it', async () => {
  await start();
  member.tell('leave');
  await until('the process ended by itself', () => member.exitCode !== undefined);
  expect(member.exitCode).toBe(0);
  expect(member.busBeats.slice(-2).map(({ state }) => state)).toEqual(['leaving', 'left']);
  await until('the lane ended', () => fake.ends.length > 0);
  expect(fake.ends).toEqual(['left']);
});

test('a worker that dies is replaced: same incarnation, same probe port, later beats; the third death within a minute ends the worker', async () => {
  await start();
  const at = target();
  for (const death of [1, 2, 3]) {
    member.tell('kill-worker');
    await until('its death is told', () => member.lines.filter((line) => line.startsWith('the thread that beats')).length === death);
    const before = member.busBeats.length;
    await until('beats after its death', () => member.busBeats.length > before + 1);
  }
  expect(new Set(member.busBeats.map(({ incarnation }) => incarnation)).size).toBe(1);
  expect(seqs(member.busBeats)).toEqual([...new Set(seqs(member.busBeats))].toSorted((a, b) => a - b));
  expect(target().probeUrl).toBe(at.probeUrl);
  expect(member.lines.filter((line) => line.startsWith('the thread that beats')).at(-1)).toContain('beating in the main thread');
  await until('it answers', async () => (await probe(at, 1000, here)).result === 'answered');
});

test('an order to drain reaches the application, once, and so does its end', async () => {
  await start();
  await until('the lane is open', () => fake.hellos.length > 0);
  fake.say({ v: 1, kind: 'drain', isDraining: true, reason: 'maintenance' });
  fake.say({ v: 1, kind: 'drain', isDraining: true, reason: 'maintenance' });
  fake.say({ v: 1, kind: 'drain', isDraining: false, reason: '' });
  const drains = () => member.said.filter((one) => one.kind === 'drain');
  await until('both orders', () => drains().length >= 2);
  expect(drains()).toEqual([
    { kind: 'drain', isDraining: true, reason: 'maintenance', agreed: true },
    { kind: 'drain', isDraining: false, reason: '', agreed: false },
  ]);
});

test('a coordinator that asks gets the look of this member at another one, also while its main loop is blocked', async () => {
  await start();
  const seen = target();
  member.tell(`block ${BLOCK_MS}`);
  await until('it is blocked', () => fake.beats.some(({ mainLagMs }) => mainLagMs >= 700));
  let asked = 0;
  await eventually('a look that nothing held up', async () => {
    const id = (asked += 1);
    fake.say({ v: 1, kind: 'probe', id, target: { ...seen, httpUrl: null }, timeLimitMs: 500 });
    return until('the answer', () => fake.probed.find((answer) => answer.id === id));
  }, ({ result, mainLagMs, lateMs }) => result === 'answered' && mainLagMs >= 700 && lateMs < 250);
});
