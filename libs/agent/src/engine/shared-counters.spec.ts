import { SharedCounters } from './shared-counters.js';

test('what one side counts the other one sees, slot by slot', () => {
  const main = new SharedCounters();
  const worker = new SharedCounters(main.buffer);
  expect(worker.add('seq')).toBe(1);
  expect(main.add('seq', 4)).toBe(5);
  worker.set('mainLagMs', 700);
  expect([main.get('seq'), main.get('mainLagMs'), main.get('mainMark')]).toEqual([5, 700, 0]);
});
