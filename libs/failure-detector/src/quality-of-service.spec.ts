/** What the detector promises as a whole, over random rhythms: how late it is at most, and what never alarms it. */
import fc from 'fast-check';
import { detectorConfig } from './config.js';
import { HeartbeatDetector } from './heartbeat-detector.js';

const config = detectorConfig({ phiThreshold: 8, failureTimeoutMs: 15_000 });
const INTERVAL_MS = 1000;

interface Sent {
  /** How late the beat arrives. Milliseconds. */
  readonly delayMs: number;
  readonly isLost: boolean;
}

/** Plays beats in the order of their arrival; `look` is asked just before each one and at its end. */
function play(sent: readonly Sent[], look: (detector: HeartbeatDetector, nowMs: number) => void): { detector: HeartbeatDetector } {
  const arrivals = sent.flatMap(({ delayMs, isLost }, position) => (isLost ? [] : [{ seq: position + 1, sentMonoMs: position * INTERVAL_MS, atMs: position * INTERVAL_MS + delayMs }])).toSorted((a, b) => a.atMs - b.atMs);
  const startMs = arrivals[0]?.atMs ?? 0;
  const detector = new HeartbeatDetector(config, { intervalMs: INTERVAL_MS, nowMs: startMs });
  for (const { atMs, seq, sentMonoMs } of arrivals) {
    look(detector, atMs);
    detector.heartbeat({ seq, sentMonoMs, intervalMs: INTERVAL_MS }, 1, atMs);
  }
  return { detector };
}

const beatsOf = (delayMsMax: number, lossPercent: number) => fc.array(fc.record({ delayMs: fc.integer({ min: 0, max: delayMsMax }), isLost: fc.integer({ min: 1, max: 100 }).map((percent) => percent <= lossPercent) }), { minLength: 2, maxLength: 300 });

test('whatever came before, a node that stops is overdue within the cap and silent after 12 s', () => {
  fc.assert(
    fc.property(beatsOf(4000, 30), (sent) => {
      const { detector } = play(sent, () => undefined);
      const overdueAfterMs = (detector.nextDeadlineMs(detector.heardAtMs) ?? 0) - detector.heardAtMs;
      expect(overdueAfterMs).toBeGreaterThanOrEqual(2 * INTERVAL_MS);
      expect(overdueAfterMs).toBeLessThanOrEqual(config.suspectMsMax);
      expect(detector.stage(detector.heardAtMs + config.silentMs)).toBe('silent');
    }),
  );
});

test('beats that are up to half an interval late, with single ones lost, never alarm', () => {
  const singles = beatsOf(INTERVAL_MS / 2, 20).map((sent) => sent.map((it, position) => ({ ...it, isLost: it.isLost && sent[position - 1]?.isLost !== true && position > 0 })));
  fc.assert(
    fc.property(singles, (sent) => {
      play(sent, (detector, nowMs) => expect(detector.stage(nowMs)).toBe('alive'));
    }),
    { numRuns: 200 },
  );
});

test('a node on a lane that loses a third of its beats is learnt: suspicions become rare', () => {
  let overdue = 0;
  let state = 12_345;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const sent = Array.from({ length: 20_000 }, () => ({ delayMs: 20 * random(), isLost: random() < 0.33 }));
  play(sent, (detector, nowMs) => (overdue += detector.stage(nowMs) === 'alive' ? 0 : 1));
  // Without learning the deadline of 3 s would be passed by every gap of four beats and more: 2.4 % of all.
  expect(overdue / sent.length).toBeLessThan(0.01);
});
