import type { Vitals } from '@muster/contracts';
import { SCORE_DEFAULTS } from './config.js';
import { HealthTracker } from './health-tracker.js';

const idle: Vitals = { cpuProcess: 0, cpuHost: 0.1, memory: 0.3, eventLoopDelayMs: 10, errorRate: 0, checks: [] };
const steady = { suspicion: 0, irregularity: 0 };

/** A tracker and a way to give it the same vitals once a second. */
function tracked(): { tracker: HealthTracker; seconds: (count: number, vitals: Partial<Vitals>) => void } {
  const tracker = new HealthTracker(SCORE_DEFAULTS);
  let nowMs = 0;
  return {
    tracker,
    seconds(count, vitals) {
      for (let second = 0; second < count; second++) tracker.read({ ...idle, ...vitals }, steady, (nowMs += 1000));
    },
  };
}

test('CPU stress lowers the score well within ten seconds, and it rises again afterwards (A6)', () => {
  const { tracker, seconds } = tracked();
  seconds(5, {});
  expect(tracker.score).toBe(100);
  seconds(6, { cpuHost: 1 });
  expect(tracker.score).toBeLessThan(87);
  seconds(8, {});
  expect(tracker.score).toBeGreaterThan(99);
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

test('looking at a score changes neither it nor the grade', () => {
  const { tracker, seconds } = tracked();
  seconds(3, {});
  const { score, terms } = tracker.shown({ suspicion: 1, irregularity: 0 });
  expect(score).toBe(37.5);
  expect(terms.find((term) => term.name === 'heartbeat')?.value).toBe(0);
  expect([tracker.score, tracker.grade]).toEqual([100, 'HEALTHY']);
});
