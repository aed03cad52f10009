import fc from 'fast-check';
import { detectorConfig } from './config.js';
import { HeartbeatDetector, type Stage } from './heartbeat-detector.js';

const config = detectorConfig({ phiThreshold: 8, failureTimeoutMs: 15_000 });
const INTERVAL_MS = 1000;

/** Two hundred beats, exactly one interval apart, so that the seeds are forgotten. The last one came at `nowMs`. */
function steadyPeer(): { detector: HeartbeatDetector; nowMs: number; seq: number; beat: (gapMs: number, options?: { arrived?: number; skip?: number }) => boolean } {
  const detector = new HeartbeatDetector(config, { intervalMs: INTERVAL_MS, nowMs: 0 });
  const peer = {
    detector,
    nowMs: 0,
    seq: 0,
    beat(gapMs: number, options: { arrived?: number; skip?: number } = {}): boolean {
      peer.nowMs += gapMs;
      peer.seq += options.skip ?? 1;
      return detector.heartbeat({ seq: peer.seq, sentMonoMs: 5_000_000 + peer.nowMs, intervalMs: INTERVAL_MS }, options.arrived ?? 1, peer.nowMs);
    },
  };
  for (let count = 0; count < 200; count++) peer.beat(INTERVAL_MS);
  return peer;
}

const stages: ReadonlyArray<{ name: string; silenceMs: number; stage: Stage }> = [
  { name: 'one beat lost, the next half late', silenceMs: 2500, stage: 'alive' },
  { name: 'just before mean + pause + 5.226 deviations', silenceMs: 3022, stage: 'alive' },
  { name: 'just after it', silenceMs: 3023, stage: 'overdue' },
  { name: 'shortly before the verdict', silenceMs: 11_999, stage: 'overdue' },
  { name: 'silent for 0.8 of the failure timeout', silenceMs: 12_000, stage: 'silent' },
];
test.each(stages)('a steady peer, $name, is $stage', ({ silenceMs, stage }) => {
  const { detector, nowMs } = steadyPeer();
  expect(detector.stage(nowMs + silenceMs)).toBe(stage);
});

test('phi is at its threshold at the deadline', () => {
  const { detector, nowMs } = steadyPeer();
  const deadlineMs = detector.nextDeadlineMs(nowMs) ?? 0;
  expect(detector.phi(deadlineMs)).toBeCloseTo(8, 6);
  expect(detector.phi(nowMs)).toBeLessThan(0.01);
});

test('a node that never beats after it was first seen becomes overdue and then silent', () => {
  const detector = new HeartbeatDetector(config, { intervalMs: INTERVAL_MS, nowMs: 100 });
  expect(detector.stage(100 + 4000)).toBe('overdue');
  expect(detector.stage(100 + 12_000)).toBe('silent');
});

test('an outage does not teach the detector to be patient', () => {
  const { detector, beat } = steadyPeer();
  const before = detector.patienceMs;
  beat(600_000);
  expect(detector.patienceMs).toBe(before);
});

test('a gap that is long but no outage is learnt as at most three intervals', () => {
  const once = steadyPeer();
  once.beat(5900);
  const cut = steadyPeer();
  cut.beat(3000);
  expect(once.detector.patienceMs).toBe(cut.detector.patienceMs);
  expect(once.detector.patienceMs).toBeLessThan(4500);
});

test('a node that became slower is learnt, so that it does not flap for ever', () => {
  const { detector, beat } = steadyPeer();
  for (let count = 0; count < 200; count++) beat(2400);
  expect(detector.patienceMs).toBeGreaterThan(2400 + 1000);
});

test('a peer that is always nearly late (boiling frog) cannot stretch the deadline past the cap', () => {
  const { detector, beat } = steadyPeer();
  for (let count = 0; count < 500; count++) beat(detector.patienceMs * 0.95);
  expect(detector.patienceMs).toBeLessThanOrEqual(config.suspectMsMax);
});

test('an old or repeated sequence number is not a sign of life', () => {
  const { detector, nowMs, seq } = steadyPeer();
  const late = { seq, sentMonoMs: 9e9, intervalMs: INTERVAL_MS };
  expect(detector.heartbeat(late, 1, nowMs + 5000)).toBe(false);
  expect(detector.heartbeat({ ...late, seq: seq - 7 }, 1, nowMs + 5000)).toBe(false);
  expect(detector.stage(nowMs + 5000)).toBe('overdue');
});

test('beats that arrive in one batch do not look like a fast heart followed by a stop', () => {
  const { detector, beat } = steadyPeer();
  const before = detector.patienceMs;
  for (let batch = 0; batch < 100; batch++) beat(5000, { arrived: 5, skip: 5 });
  expect(detector.patienceMs).toBeCloseTo(before, 6);
});

test('a beat that was known already and comes again in a batch does not make the gap shorter', () => {
  const { detector, beat } = steadyPeer();
  const before = detector.patienceMs;
  for (let count = 0; count < 100; count++) beat(1000, { arrived: 2 });
  expect(detector.patienceMs).toBe(before);
  expect(detector.irregularity()).toBe(0);
});

test('one odd gap while a node starts is no irregular heart', () => {
  const detector = new HeartbeatDetector(config, { intervalMs: INTERVAL_MS, nowMs: 0 });
  [0, 100, 2900, 3900].forEach((sentMonoMs, position) => detector.heartbeat({ seq: position + 1, sentMonoMs, intervalMs: INTERVAL_MS }, 1, sentMonoMs));
  expect(detector.irregularity()).toBe(0);
});

test('beats that were lost are learnt as a slower rhythm', () => {
  const { detector, beat } = steadyPeer();
  const before = detector.patienceMs;
  for (let count = 0; count < 200; count++) beat(count % 3 === 0 ? 2000 : 1000, { skip: count % 3 === 0 ? 2 : 1 });
  expect(detector.patienceMs).toBeGreaterThan(before + 1000);
});

test('an answered probe ends the silence but the beat stays overdue', () => {
  const { detector, nowMs } = steadyPeer();
  detector.answered(nowMs + 5000);
  expect(detector.stage(nowMs + 5100)).toBe('alive');
  expect(detector.isBeatOverdue(nowMs + 5100)).toBe(true);
});

test('the jitter of a busy host is no irregular heart, half the beats a second late is', () => {
  const jittery = steadyPeer();
  for (let count = 0; count < 200; count++) jittery.beat(count % 2 === 0 ? 950 : 1050);
  expect(jittery.detector.irregularity()).toBe(0);
  const limping = steadyPeer();
  for (let count = 0; count < 200; count++) limping.beat(count % 2 === 0 ? 1000 : 2000);
  expect(limping.detector.irregularity()).toBeCloseTo(0.3, 2);
});

test('a sender that changes its interval is judged by the new one at once', () => {
  const { detector, nowMs, seq } = steadyPeer();
  detector.heartbeat({ seq: seq + 1, sentMonoMs: 1, intervalMs: 100 }, 1, nowMs + 100);
  expect(detector.patienceMs).toBeLessThan(500);
});

test("a sender's clock that runs backwards teaches nothing", () => {
  const { detector, nowMs, seq } = steadyPeer();
  const before = detector.patienceMs;
  expect(detector.heartbeat({ seq: seq + 1, sentMonoMs: 0, intervalMs: INTERVAL_MS }, 1, nowMs + 1000)).toBe(true);
  expect(detector.patienceMs).toBe(before);
});

test('whatever arrives, every number is finite, suspicion comes before the verdict and the deadline is where the stage changes', () => {
  const step = fc.record({ gapMs: fc.integer({ min: 0, max: 100_000 }), sentMonoMs: fc.double({ min: 0, max: 1e12, noNaN: true }), seq: fc.integer({ min: 1, max: 1000 }), intervalMs: fc.constantFrom(10, 250, 1000, 60_000), arrived: fc.integer({ min: 0, max: 50 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const detector = new HeartbeatDetector(config, { intervalMs: INTERVAL_MS, nowMs: 0 });
      let nowMs = 0;
      for (const { gapMs, arrived, ...beat } of steps) detector.heartbeat(beat, arrived, (nowMs += gapMs));
      expect(detector.stage(nowMs - 1e-3 + (detector.heardAtMs - nowMs) + detector.patienceMs)).toBe('alive');
      const suspectAtMs = detector.heardAtMs + detector.patienceMs;
      expect(Number.isFinite(detector.phi(nowMs))).toBe(true);
      expect(Number.isFinite(detector.irregularity())).toBe(true);
      expect(detector.stage(suspectAtMs + 1e-3)).toBe('overdue');
      const silentAtMs = detector.nextDeadlineMs(suspectAtMs + 1e-3) ?? 0;
      expect(silentAtMs).toBeGreaterThan(suspectAtMs);
      expect(detector.stage(silentAtMs + 1e-3)).toBe('silent');
      expect(detector.nextDeadlineMs(silentAtMs + 1e-3)).toBeNull();
    }),
  );
});

test('suspicion comes before the verdict, however near to each other the settings put them', () => {
  const detector = new HeartbeatDetector({ ...config, phiThreshold: 200, suspectMsMax: config.silentMs }, { intervalMs: INTERVAL_MS, nowMs: 0 });
  for (let seq = 1; seq < 200; seq++) detector.heartbeat({ seq, sentMonoMs: seq * 2000 + (seq % 2) * 900, intervalMs: INTERVAL_MS }, 1, 0);
  expect(detector.patienceMs).toBe(0.75 * config.silentMs);
});
