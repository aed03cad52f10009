import { Lanes } from './lanes.js';

test('a lane that was replaced before it was closed is not lost', () => {
  const lanes = new Lanes();
  lanes.opened('a', 1);
  lanes.opened('a', 1);
  expect([lanes.closed('a', 1), lanes.has('a'), lanes.closed('a', 1), lanes.has('a')]).toEqual([false, true, true, false]);
});

test('the end of a lane of an earlier life says nothing about the next', () => {
  const lanes = new Lanes();
  lanes.opened('a', 1);
  lanes.opened('a', 2);
  expect([lanes.closed('a', 1), lanes.has('a'), lanes.size]).toEqual([false, true, 1]);
});
