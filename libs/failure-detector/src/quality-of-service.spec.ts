/**
 * What the detector promises as a whole, over random rhythms, in the terms of Chen, Toueg and Aguilera: detection time (how late a
 * crash is known at most), mistake rate (how often a live node is suspected), mistake duration (for how long).
 */
import fc from 'fast-check';
import { detectorConfig } from './config.js';
import { DetectorSet, type Stage } from './detector-set.js';

const config = detectorConfig({ phiThreshold: 8, failureTimeoutMs: 15_000 });
const INTERVAL_MS = 1000;

interface Sent {
  /** How late the beat arrives. Milliseconds. */
  readonly delayMs: number;
  readonly isLost: boolean;
}

interface Played {
  readonly set: DetectorSet;
  readonly endMs: number;
  /** Sending of the last beat that arrived, on the clock of the receiver. */
  readonly lastMadeAtMs: number;
  readonly mistakes: number;
  readonly mistakeMs: number;
  readonly mistakeMsMax: number;
}

/** Plays beats of one node in the order of their arrival; `look` is asked just before each one. */
function play(sent: readonly Sent[], look: (stage: Stage, nowMs: number) => void = () => undefined): Played {
  const arrivals = sent.flatMap(({ delayMs, isLost }, position) => (isLost ? [] : [{ seq: position + 1, sentMonoMs: position * INTERVAL_MS, atMs: position * INTERVAL_MS + delayMs }])).toSorted((a, b) => a.atMs - b.atMs);
  const set = new DetectorSet(config);
  let endMs = arrivals[0]?.atMs ?? 0;
  set.watch('a', { intervalMs: INTERVAL_MS, nowMs: endMs });
  const played = { set, lastMadeAtMs: endMs, mistakes: 0, mistakeMs: 0, mistakeMsMax: 0 };
  for (const { atMs, seq, sentMonoMs } of arrivals) {
    const stage = set.reading('a', atMs)?.stage ?? 'silent';
    look(stage, atMs);
    if (stage === 'overdue' || stage === 'silent') {
      const suspectedFromMs = endMs + (set.rhythm('a')?.suspectAfterMs ?? 0);
      played.mistakes += 1;
      played.mistakeMs += Math.max(0, atMs - suspectedFromMs);
      played.mistakeMsMax = Math.max(played.mistakeMsMax, atMs - suspectedFromMs);
    }
    if (set.heartbeat('a', { seq, sentMonoMs, intervalMs: INTERVAL_MS }, 1, atMs)) played.lastMadeAtMs = Math.max(played.lastMadeAtMs, sentMonoMs);
    endMs = atMs;
  }
  return { ...played, endMs };
}

const beatsOf = (delayMsMax: number, lossPercent: number) => fc.array(fc.record({ delayMs: fc.integer({ min: 0, max: delayMsMax }), isLost: fc.integer({ min: 1, max: 100 }).map((percent) => percent <= lossPercent) }), { minLength: 2, maxLength: 300 });

/** Beats with a uniform delay, each lost on its own; a fixed stream of numbers, so that figures are the same in every run. */
function lossy(count: number, options: { readonly loss: number; readonly delayMsMax: number }): Sent[] {
  let state = 12_345;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  return Array.from({ length: count }, () => ({ delayMs: options.delayMsMax * random(), isLost: random() < options.loss }));
}

test('detection time: whatever came before, a node that stops is overdue within the cap and silent after 12 s, counted from its last beat', () => {
  fc.assert(
    fc.property(beatsOf(4000, 30), (sent) => {
      const { set, endMs } = play(sent);
      const rhythm = set.rhythm('a');
      expect(rhythm?.suspectAfterMs).toBeGreaterThanOrEqual(2 * INTERVAL_MS);
      expect(rhythm?.suspectAfterMs).toBeLessThanOrEqual(config.suspectMsMax);
      expect(set.reading('a', endMs + (rhythm?.suspectAfterMs ?? 0))?.stage).toBe('overdue');
      expect(set.reading('a', endMs + config.silentMs)?.stage).toBe('silent');
    }),
  );
});

test('detection time of a steady node is 2.5 s of silence with beats of a second', () => {
  const { set } = play(lossy(400, { loss: 0, delayMsMax: 10 }));
  expect(set.rhythm('a')?.suspectAfterMs).toBeGreaterThan(2450);
  expect(set.rhythm('a')?.suspectAfterMs).toBeLessThan(2550);
});

test('mistake rate: beats up to half an interval late, with single ones lost, never alarm', () => {
  const singles = beatsOf(INTERVAL_MS / 2, 20).map((sent) => sent.map((it, position) => ({ ...it, isLost: it.isLost && sent[position - 1]?.isLost !== true && position > 0 })));
  fc.assert(
    fc.property(singles, (sent) => {
      play(sent, (stage) => expect(['alive', 'late']).toContain(stage));
    }),
    { numRuns: 200 },
  );
});

test('mistake rate: with 5 % loss a node is suspected only when two are lost in a row', () => {
  const sent = lossy(100_000, { loss: 0.05, delayMsMax: 20 });
  const pairs = sent.filter(({ isLost }, position) => isLost && sent[position - 1]?.isLost === true).length;
  expect(play(sent).mistakes).toBeLessThanOrEqual(pairs);
});

test('mistake rate: a node on a lane that loses a third of its beats is learnt', () => {
  const { mistakes } = play(lossy(20_000, { loss: 0.33, delayMsMax: 20 }));
  // Without learning the deadline of 2.5 s would be passed by every gap of three beats and more: 7 % of all.
  expect(mistakes / 20_000).toBeLessThan(0.02);
});

test('mistake duration: a suspicion ends with the next beat, at most the interval and its delay after it began', () => {
  const { mistakes, mistakeMs, mistakeMsMax } = play(lossy(100_000, { loss: 0.05, delayMsMax: 20 }));
  expect(mistakes).toBeGreaterThan(0);
  expect(mistakeMs / mistakes).toBeLessThan(INTERVAL_MS);
  expect(mistakeMsMax).toBeLessThan(4 * INTERVAL_MS);
});
