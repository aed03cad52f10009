import { ProbeLedger, UNDERWAY_MAX } from './probe-ledger.js';

const LIMITS = { nowMs: 0, timeLimitMs: 500 };

function ledger(...asked: readonly (readonly [nodeId: string, by: string])[]): ProbeLedger {
  const it = new ProbeLedger('own');
  for (const [nodeId, by] of asked) expect(it.take(nodeId, by, LIMITS)).toBe(true);
  return it;
}

test('nobody is asked twice about one node at the same time', () => {
  const it = ledger(['a', 'own'], ['a', 'x']);
  expect([it.take('a', 'x', LIMITS), it.take('b', 'x', LIMITS)]).toEqual([false, true]);
});

test('an answer ends the probe of who answered, and no other about the same node', () => {
  const it = ledger(['a', 'own'], ['a', 'x'], ['a', 'y'], ['b', 'x']);
  it.done('a', 'x');
  expect([it.isUnderway('a', 'own'), it.isUnderway('a', 'x'), it.isUnderway('a', 'y'), it.isUnderway('b', 'x'), it.size]).toEqual([true, false, true, true, 3]);
  expect(it.take('a', 'x', LIMITS)).toBe(true);
});

test('an answer to what nobody asked frees no room', () => {
  const it = ledger(['a', 'own']);
  it.done('a', 'x');
  it.done('b', 'own');
  expect([it.size, it.ownRoom]).toEqual([1, UNDERWAY_MAX - 1]);
});

test('what was never answered is given up, and only our own looks count as in vain', () => {
  const it = ledger(['a', 'own'], ['a', 'x'], ['b', 'own']);
  expect(it.expire(2499)).toEqual([]);
  expect(it.expire(2500)).toEqual(['a', 'b']);
  expect([it.size, it.ownRoom]).toEqual([0, UNDERWAY_MAX]);
});
