/** What is said of an order, and what the log says of it: only the two together show what was lost or done twice. */
import type { Operation } from '@muster/testing';
import { OrderLedger } from './order-ledger.js';

const asked: Operation = { client: 'a', key: 'x', kind: 'write', value: 'true', startMs: 1, endMs: null, index: null };

test.each<{ name: string; given: (ledger: OrderLedger) => void; says: string[] }>([
  { name: 'an order that was acknowledged and is in the log', given: (ledger) => (ledger.acknowledged('a-1', 5), ledger.note('a-1', 5)), says: [] },
  { name: 'an order that changed nothing, and left no trace', given: (ledger) => ledger.acknowledged('a-1', null), says: [] },
  { name: 'an order that was refused, and left no trace', given: (ledger) => ledger.refused('a-1'), says: [] },
  { name: 'an order without an answer, which was carried out or not', given: (ledger) => (ledger.unanswered('a-1', asked), ledger.unanswered('a-2', asked), ledger.note('a-1', 5)), says: [] },
  { name: 'an acknowledged order that is lost', given: (ledger) => ledger.acknowledged('a-1', 5), says: ['order a-1 was acknowledged with index 5, and is not in the log'] },
  { name: 'an order at another place than was told', given: (ledger) => (ledger.acknowledged('a-1', 5), ledger.note('a-1', 6)), says: ['order a-1 was acknowledged with index 5, and is in the log with index 6'] },
  { name: 'a refused order that was carried out', given: (ledger) => (ledger.refused('a-1'), ledger.note('a-1', 5)), says: ['order a-1 was refused, and is in the log with index 5'] },
  { name: 'an order that was carried out twice', given: (ledger) => (ledger.acknowledged('a-1', 5), ledger.note('a-1', 5), ledger.note('a-1', 9)), says: ['order a-1 is in the log twice, with indexes 5 and 9'] },
  { name: 'an order that changed something and is said not to have', given: (ledger) => (ledger.acknowledged('a-1', null), ledger.note('a-1', 5)), says: ['order a-1 is said to have changed nothing, and is in the log with index 5'] },
  { name: 'a part of the log that nobody has read', given: (ledger) => ledger.missed(90, 40), says: ['changes up to 90 are no longer kept, and they were read up to 40 only: read more often'] },
])('$name: $says', ({ given, says }) => {
  const ledger = new OrderLedger();
  given(ledger);
  expect(ledger.settle(10).contradictions).toEqual(says);
  expect(ledger.settle(20)).toEqual({ found: [], contradictions: [] });
});

test('an order that is carried out again after everything was settled is seen', () => {
  const ledger = new OrderLedger();
  ledger.acknowledged('a-1', 5);
  ledger.note('a-1', 5);
  ledger.settle(10);
  ledger.note('a-1', 9);
  expect(ledger.settle(20).contradictions).toEqual(['nobody waits for order a-1, and it is in the log with index 9: it was carried out twice, or given by somebody else']);
});

test('an order whose answer was lost counts as done once the log shows it, however much later', () => {
  const ledger = new OrderLedger();
  ledger.unanswered('a-1', asked);
  expect(ledger.settle(10).found).toEqual([]);
  ledger.note('a-1', 7);
  expect(ledger.settle(20).found).toEqual([{ ...asked, endMs: 20, index: 7 }]);
  ledger.note('a-1', 8);
  expect(ledger.settle(30)).toEqual({ found: [], contradictions: [expect.stringContaining('it was carried out twice')] });
});
