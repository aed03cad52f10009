/** Snapshots follow the log, and do not eat up the time of those who wait for an answer. */
import { SnapshotPace } from './snapshot-pace.js';

test('one is due after so many entries, whoever made the last one', () => {
  const pace = new SnapshotPace(100);
  expect([99, 100].map((index) => pace.isDue(index, 0))).toEqual([false, true]);
  pace.made(100, 0, 0);
  pace.received(150);
  expect([249, 250].map((index) => pace.isDue(index, 0))).toEqual([false, true]);
});

test('one that took long puts off the next, so that a twentieth of all time goes into them at most', () => {
  const pace = new SnapshotPace(10);
  let spentMs = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 10) {
    if (!pace.isDue(nowMs, nowMs)) continue;
    spentMs += 200;
    pace.made(nowMs, 200, nowMs + 200);
  }
  expect(spentMs).toBeGreaterThanOrEqual(2600);
  expect(spentMs).toBeLessThanOrEqual(3200);
});
