/** Snapshots follow the log, and do not eat up the time of those who wait for an answer. */
import { SnapshotPace } from './snapshot-pace.js';

test('one is due after so many entries, whoever made the last one', () => {
  const pace = new SnapshotPace({ entries: 100, bytes: 1000 });
  expect([99, 100].map((index) => pace.isDue(index, 0))).toEqual([false, true]);
  pace.made(100, 0, 0, 0);
  pace.received(150, 0);
  expect([249, 250].map((index) => pace.isDue(index, 0))).toEqual([false, true]);
});

test('one is due after so many bytes too, or as many as the state has that was saved last, counted from when that was begun', () => {
  const pace = new SnapshotPace({ entries: 100, bytes: 1000 });
  const after = (bytes: number): boolean => {
    pace.applied(bytes);
    return pace.isDue(7, 0);
  };
  expect([after(999), after(1)]).toEqual([false, true]);
  pace.begun();
  pace.applied(500);
  pace.made(7, 1500, 0, 0);
  expect([after(999), after(1)]).toEqual([false, true]);
  pace.received(7, 1200);
  expect([after(1199), after(1)]).toEqual([false, true]);
});

test('one that took long puts off the next, so that a twentieth of all time goes into them at most', () => {
  const pace = new SnapshotPace({ entries: 10, bytes: 1000 });
  let spentMs = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 10) {
    if (!pace.isDue(nowMs, nowMs)) continue;
    spentMs += 200;
    pace.made(nowMs, 0, 200, nowMs + 200);
  }
  expect(spentMs).toBeGreaterThanOrEqual(2600);
  expect(spentMs).toBeLessThanOrEqual(3200);
});
