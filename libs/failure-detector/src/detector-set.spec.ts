import { detectorConfig } from './config.js';
import { DetectorSet } from './detector-set.js';

const config = detectorConfig({ phiThreshold: 8, failureTimeoutMs: 15_000 });

/** Nodes `a` and `b`, both watched at 0 with an interval of a second; `b` beats at 1000 as well. */
function pair(): DetectorSet {
  const set = new DetectorSet(config);
  set.watch('a', { intervalMs: 1000, nowMs: 0 });
  set.watch('b', { intervalMs: 1000, nowMs: 0 });
  set.heartbeat('b', { seq: 1, sentMonoMs: 0, intervalMs: 1000 }, 1, 1000);
  return set;
}

test('the next deadline is that of the node that was silent longest', () => {
  const set = pair();
  const deadlineMs = set.nextDeadlineMs(1000) ?? 0;
  expect(set.reading('a', deadlineMs)?.stage).toBe('late');
  expect(set.reading('b', deadlineMs)?.stage).toBe('alive');
  expect(set.late(deadlineMs)).toEqual(['a']);
  expect(set.deadlineMs('a', 1000)).toBe(deadlineMs);
  expect(set.deadlineMs('nobody', 1000)).toBeNull();
});

test('nobody watched, or all silent, means no deadline', () => {
  expect(new DetectorSet(config).nextDeadlineMs(5)).toBeNull();
  expect(pair().nextDeadlineMs(1e6)).toBeNull();
});

test('a short absence of our own moves every deadline by its length', () => {
  const set = pair();
  const deadlineMs = set.nextDeadlineMs(1000) ?? 0;
  set.excuse(1500, 400, 2000);
  expect(set.nextDeadlineMs(1500)).toBeCloseTo(deadlineMs + 400);
  expect(set.reading('a', deadlineMs + 399)?.stage).toBe('alive');
});

test('after a long absence every node has a full deadline from now', () => {
  const set = pair();
  const patienceMs = set.nextDeadlineMs(0) ?? 0;
  set.excuse(60_000, 55_000, 2000);
  expect(set.reading('a', 60_000)).toMatchObject({ stage: 'alive', silenceMs: 5000, isBeatOverdue: false });
  expect(set.nextDeadlineMs(60_000)).toBeCloseTo(60_000 + patienceMs);
});

test('a node that is forgotten has no deadline and no reading, and its beats are not taken', () => {
  const set = pair();
  set.forget('a');
  set.forget('b');
  expect(set.reading('a', 0)).toBeNull();
  expect(set.nextDeadlineMs(0)).toBeNull();
  expect(set.heartbeat('a', { seq: 9, sentMonoMs: 0, intervalMs: 1000 }, 1, 10)).toBe(false);
});

test('absences add up', () => {
  const set = pair();
  const deadlineMs = set.nextDeadlineMs(1000) ?? 0;
  set.excuse(1500, 400, 2000);
  set.excuse(2200, 300, 2000);
  expect(set.nextDeadlineMs(2200)).toBeCloseTo(deadlineMs + 700);
});

test('a beat that came during an absence of ours gives a full deadline, not one longer by the absence', () => {
  const set = pair();
  const patienceMs = set.nextDeadlineMs(0) ?? 0;
  set.heartbeat('a', { seq: 1, sentMonoMs: 0, intervalMs: 1000 }, 1, 2900);
  set.answered('b', 2950);
  set.excuse(3000, 1500, 2000);
  expect(set.deadlineMs('a', 3000)).toBeCloseTo(3000 + patienceMs);
  expect(set.reading('b', 3000 + patienceMs - 1)?.stage).toBe('alive');
  expect(set.reading('b', 3000 + patienceMs)?.stage).toBe('late');
  expect(set.reading('a', 3500)?.silenceMs).toBeCloseTo(500);
});
