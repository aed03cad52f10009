import type { Vitals } from '@muster/contracts';
import { SCORE_DEFAULTS } from './config.js';
import { HealthTracker } from './health-tracker.js';

const idle: Vitals = { cpuProcess: 0, cpuHost: 0.1, memory: 0.3, eventLoopDelayMs: 10, errorRate: 0, checks: [] };
const steady = { suspicion: 0, irregularity: 0 };

/** A tracker and a way to give it the same vitals once a second. */
function tracked(): { tracker: HealthTracker; seconds: (count: number, vitals: Partial<Vitals>, mainLagMs?: number) => void } {
  const tracker = new HealthTracker(SCORE_DEFAULTS);
  let nowMs = 0;
  return {
    tracker,
    seconds(count, vitals, mainLagMs = 0) {
      for (let second = 0; second < count; second++) tracker.read({ vitals: { ...idle, ...vitals }, mainLagMs }, steady, (nowMs += 1000));
    },
  };
}

const stress: ReadonlyArray<{ name: string; vitals: Partial<Vitals>; below: number }> = [
  { name: 'every core busy', vitals: { cpuHost: 1 }, below: 86 },
  { name: 'memory at its limit', vitals: { memory: 1 }, below: 86 },
  { name: 'a loop that is half a second late', vitals: { eventLoopDelayMs: 500 }, below: 86 },
  { name: 'all of it', vitals: { cpuHost: 1, memory: 1, eventLoopDelayMs: 500 }, below: 57 },
];
test.each(stress)('A6: stress on a host lowers the score within 10 s, and its end raises it within 10 s ($name)', ({ vitals, below }) => {
  const { tracker, seconds } = tracked();
  seconds(5, {});
  expect(tracker.score).toBe(100);
  seconds(10, vitals);
  expect(tracker.score).toBeLessThan(below);
  seconds(10, {});
  expect(tracker.score).toBeGreaterThan(99);
});

test('stress is shown by its term alone', () => {
  const { tracker, seconds } = tracked();
  seconds(30, { memory: 1 });
  const low = tracker.shown(steady).terms.filter((term) => term.value < 1);
  expect(low).toEqual([{ name: 'memory', value: 0, weight: 0.15 }]);
});

test('a main loop that stands still degrades with its first beat, and heals with the first that moves', () => {
  const { tracker, seconds } = tracked();
  seconds(3, {});
  seconds(1, {}, 700);
  expect([tracker.score, tracker.grade]).toEqual([42.5, 'DEGRADED']);
  seconds(1, {}, 0);
  expect(tracker.grade).toBe('HEALTHY');
});

test('one busy second is not a crisis', () => {
  const { tracker, seconds } = tracked();
  seconds(5, {});
  seconds(1, { cpuHost: 1, eventLoopDelayMs: 600 });
  expect(tracker.score).toBeGreaterThan(85);
});

test('a failed check degrades at once, and a passed one heals at once', () => {
  const { tracker, seconds } = tracked();
  seconds(3, {});
  seconds(1, { checks: [{ name: 'db', ok: false }] });
  expect(tracker.grade).toBe('DEGRADED');
  seconds(1, { checks: [{ name: 'db', ok: true }] });
  expect(tracker.grade).toBe('HEALTHY');
});

test('between the two thresholds the grade stays what it was', () => {
  const { tracker, seconds } = tracked();
  const between = { errorRate: 0.06 };
  seconds(3, between);
  expect(tracker.score).toBeGreaterThan(70);
  expect(tracker.score).toBeLessThan(85);
  expect(tracker.grade).toBe('HEALTHY');
  seconds(1, { errorRate: 0.2 });
  expect(tracker.grade).toBe('DEGRADED');
  seconds(5, { errorRate: 0.08 });
  expect(tracker.grade).toBe('DEGRADED');
});

test('a member that stops beating is graded down by its silence alone', () => {
  const { tracker, seconds } = tracked();
  seconds(3, {});
  tracker.readRhythm({ suspicion: 1, irregularity: 0 });
  expect(tracker.grade).toBe('DEGRADED');
});

test('readings do not keep a member well that is heard no more: its score falls as suspicion grows', () => {
  const { tracker, seconds } = tracked();
  seconds(3, {});
  const scores = [0, 0.25, 0.5, 1, 4].map((suspicion) => tracker.shown({ suspicion, irregularity: 0 }).score);
  expect(scores).toEqual([100, 82, 65.6, 37.5, 37.5]);
});

test('the first beat counts in full, and so does one after a long silence: there is nothing to smooth it with', () => {
  const tracker = new HealthTracker(SCORE_DEFAULTS);
  tracker.read({ vitals: { ...idle, cpuHost: 1 }, mainLagMs: 0 }, steady, 0);
  expect(tracker.score).toBe(85);
  tracker.read({ vitals: idle, mainLagMs: 0 }, steady, 60_000);
  expect(tracker.score).toBe(100);
});

test('looking at a score changes neither it nor the grade', () => {
  const { tracker, seconds } = tracked();
  seconds(3, {});
  const { score, terms } = tracker.shown({ suspicion: 1, irregularity: 0 });
  expect(score).toBe(37.5);
  expect(terms.find((term) => term.name === 'heartbeat')?.value).toBe(0);
  expect([tracker.score, tracker.grade]).toEqual([100, 'HEALTHY']);
});
