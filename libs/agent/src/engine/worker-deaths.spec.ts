import { WorkerDeaths } from './worker-deaths.js';

test.each([
  { name: 'two deaths a minute are borne', atMs: [0, 100, 60_000, 60_100], expected: ['worker', 'worker', 'worker', 'worker'] },
  { name: 'the third one within a minute ends it', atMs: [0, 100, 59_999], expected: ['worker', 'worker', 'in-thread'] },
])('$name', ({ atMs, expected }) => {
  const deaths = new WorkerDeaths();
  expect(atMs.map((nowMs) => deaths.next(nowMs))).toEqual(expected);
});
