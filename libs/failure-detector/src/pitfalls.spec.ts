/** The known pitfalls of accrual detectors, each by its name. That of sums is in `gap-windows.spec.ts`. */
import { detectorConfig } from './config.js';
import { DetectorSet } from './detector-set.js';
import { deviationsAt } from './phi.js';

const config = detectorConfig({ phiThreshold: 8, failureTimeoutMs: 15_000 });
const INTERVAL_MS = 1000;

/** A node `a` that beat two hundred times, exactly one interval apart, so that the seeds are forgotten. The last beat came at `nowMs`. */
function steadyPeer() {
  const set = new DetectorSet(config);
  set.watch('a', { intervalMs: INTERVAL_MS, nowMs: 0 });
  const peer = {
    set,
    nowMs: 0,
    seq: 0,
    beat: (gapMs: number, options: { arrived?: number; skip?: number } = {}): boolean => {
      peer.nowMs += gapMs;
      peer.seq += options.skip ?? 1;
      return set.heartbeat('a', { seq: peer.seq, sentMonoMs: 5_000_000 + peer.nowMs, intervalMs: INTERVAL_MS }, options.arrived ?? 1, peer.nowMs);
    },
    patienceMs: () => set.rhythm('a')?.suspectAfterMs ?? 0,
    after: (silenceMs: number) => set.reading('a', peer.nowMs + silenceMs),
  };
  for (let count = 0; count < 200; count++) peer.beat(INTERVAL_MS);
  return peer;
}

test('min std deviation: a perfectly regular peer may still hiccup by half a second of the deadline', () => {
  const { patienceMs, set } = steadyPeer();
  expect(set.rhythm('a')?.gapDeviationMs).toBe(0);
  expect(patienceMs()).toBeCloseTo(INTERVAL_MS + 1000 + deviationsAt(8) * 100, 6);
});

test('min std deviation: with short intervals it is never below 20 ms', () => {
  const set = new DetectorSet(config);
  set.watch('a', { intervalMs: 10, nowMs: 0 });
  for (let seq = 1; seq <= 200; seq++) set.heartbeat('a', { seq, sentMonoMs: seq * 10, intervalMs: 10 }, 1, seq * 10);
  expect(set.rhythm('a')?.suspectAfterMs).toBeCloseTo(10 + 1000 + deviationsAt(8) * 20, 6);
});

test('negative variance: after 200,000 beats 1000.1 ms apart a regular node has a finite deadline and is not dead', () => {
  const { set, after, beat } = steadyPeer();
  for (const gapMs of [1700, 300, 2100]) beat(gapMs);
  for (let count = 0; count < 200_000; count++) beat(1000.1);
  expect(set.rhythm('a')?.gapDeviationMs).toBe(0);
  expect(after(1000)?.stage).toBe('alive');
});

test('first beat: a node that never beats after it was first seen becomes late, overdue and silent', () => {
  const set = new DetectorSet(config);
  set.watch('a', { intervalMs: INTERVAL_MS, nowMs: 100 });
  expect(set.late(100 + 2000)).toEqual(['a']);
  expect(set.overdue(100 + 3500)).toEqual(['a']);
  expect(set.reading('a', 100 + 3500)?.stage).toBe('overdue');
  expect(set.reading('a', 100 + 12_000)?.stage).toBe('silent');
});

test('boiling frog: a peer that is always nearly late cannot stretch the deadline past the cap', () => {
  const { beat, patienceMs } = steadyPeer();
  for (let count = 0; count < 500; count++) beat(patienceMs() * 0.95);
  expect(patienceMs()).toBeLessThanOrEqual(config.suspectMsMax);
});

test('outage in the window: ten minutes of silence do not teach patience', () => {
  const { beat, patienceMs } = steadyPeer();
  const beforeMs = patienceMs();
  beat(600_000);
  expect(patienceMs()).toBe(beforeMs);
});

test('outage in the window: one gap that is long but no outage teaches half an interval at most, however young the window', () => {
  const set = new DetectorSet(config);
  set.watch('a', { intervalMs: INTERVAL_MS, nowMs: 0 });
  const beat = (seq: number, nowMs: number): boolean => set.heartbeat('a', { seq, sentMonoMs: nowMs, intervalMs: INTERVAL_MS }, 1, nowMs);
  for (let seq = 1; seq <= 8; seq++) beat(seq, seq * INTERVAL_MS);
  const beforeMs = set.rhythm('a')?.suspectAfterMs ?? 0;
  beat(9, 8 * INTERVAL_MS + 4500);
  expect(set.rhythm('a')?.suspectAfterMs).toBeLessThan(beforeMs + 500);
});

test('outage in the window: however long, what is no outage teaches the same', () => {
  const long = steadyPeer();
  long.beat(5900);
  const shorter = steadyPeer();
  shorter.beat(1500);
  expect(long.patienceMs()).toBe(shorter.patienceMs());
});

test('drop-not-clip: a node whose gaps grew beyond what is usual is learnt, so that it does not flap for ever', () => {
  const { beat, patienceMs, after } = steadyPeer();
  for (let count = 0; count < 200; count++) beat(3500);
  expect(patienceMs()).toBeGreaterThan(3000 + 1000);
  expect(after(3500)?.stage).not.toBe('overdue');
});

test('drop-not-clip: however slow a node became, no gap is learnt as more than three intervals', () => {
  const { beat, set } = steadyPeer();
  for (let count = 0; count < 500; count++) beat(5000);
  expect(set.rhythm('a')?.gapMeanMs).toBeGreaterThan(2900);
  expect(set.rhythm('a')?.gapMeanMs).toBeLessThanOrEqual(3000);
});

test('batch delivery: beats that arrive together do not look like a fast heart followed by a stop', () => {
  const { beat, patienceMs } = steadyPeer();
  const beforeMs = patienceMs();
  for (let batch = 0; batch < 100; batch++) beat(5000, { arrived: 5, skip: 5 });
  expect(patienceMs()).toBeCloseTo(beforeMs, 6);
});

test('batch delivery: a beat that was known already and comes again in a batch does not make the gap shorter', () => {
  const { set, beat, patienceMs } = steadyPeer();
  const beforeMs = patienceMs();
  for (let count = 0; count < 100; count++) beat(1000, { arrived: 2 });
  expect(patienceMs()).toBe(beforeMs);
  expect(set.reading('a', 0)?.irregularity).toBe(0);
});

test('batch delivery: an old or repeated sequence number is not a sign of life', () => {
  const { set, nowMs, seq, after } = steadyPeer();
  for (const old of [seq, seq - 7, 0]) expect(set.heartbeat('a', { seq: old, sentMonoMs: 9e9, intervalMs: INTERVAL_MS }, 1, nowMs + 5000)).toBe(false);
  expect(after(5000)?.stage).toBe('overdue');
});

test("clock: gaps are the sender's, so jitter on the way teaches nothing", () => {
  const { set, patienceMs } = steadyPeer();
  const beforeMs = patienceMs();
  for (let seq = 201; seq < 400; seq++) set.heartbeat('a', { seq, sentMonoMs: 5_000_000 + seq * 1000, intervalMs: INTERVAL_MS }, 1, seq * 1000 + (seq % 3) * 200);
  expect(patienceMs()).toBe(beforeMs);
});

test("clock: a sender's clock that was set back, forward, or to nonsense teaches nothing and hides nothing", () => {
  for (const sentMonoMs of [0, 1e15, -1e15]) {
    const { set, nowMs, seq, patienceMs } = steadyPeer();
    const beforeMs = patienceMs();
    expect(set.heartbeat('a', { seq: seq + 1, sentMonoMs, intervalMs: INTERVAL_MS }, 1, nowMs + 1000)).toBe(true);
    expect(patienceMs()).toBe(beforeMs);
    expect(set.reading('a', nowMs + 1000 + beforeMs - 1)?.stage).toBe('late');
    expect(set.reading('a', nowMs + 1000 + beforeMs)?.stage).toBe('overdue');
  }
});

test('display of phi: at the deadline it is the threshold, and it is a number from 0 to 300 whatever the silence', () => {
  const { set, patienceMs, after } = steadyPeer();
  expect(set.phiAt('a', patienceMs())).toBeCloseTo(8, 6);
  expect(after(patienceMs())?.phi).toBeCloseTo(8, 6);
  expect(after(0)?.phi).toBeLessThan(0.01);
  for (const silenceMs of [-Infinity, -1e9, -0, 0, 1e-300, 1e9, Infinity, NaN]) {
    const phi = set.phiAt('a', silenceMs);
    expect(phi).toBeGreaterThanOrEqual(0);
    expect(phi).toBeLessThanOrEqual(300);
    expect(Object.is(phi, -0)).toBe(false);
    expect(JSON.parse(JSON.stringify({ phi }))).toEqual({ phi });
  }
  expect(set.phiAt('a', Infinity)).toBe(300);
  expect(set.phiAt('nobody', 0)).toBeNull();
});

test('local pause: while we did not run, nobody was silent', () => {
  const { set, nowMs, after } = steadyPeer();
  set.excuse(nowMs + 12_000, 11_000, 20_000);
  expect(after(12_000)).toMatchObject({ stage: 'alive', silenceMs: 1000 });
});

test('polling: a deadline is told once, is exact, and beats between do not ask for a look', () => {
  const { set, nowMs, beat } = steadyPeer();
  const deadlineMs = set.nextDeadlineMs(nowMs) ?? 0;
  expect(set.reading('a', deadlineMs)?.stage).toBe('late');
  expect(set.reading('a', deadlineMs - 0.001)?.stage).toBe('alive');
  beat(INTERVAL_MS);
  expect(set.late(deadlineMs)).toEqual([]);
  expect(set.nextDeadlineMs(deadlineMs)).toBeCloseTo(deadlineMs + INTERVAL_MS, 6);
});
