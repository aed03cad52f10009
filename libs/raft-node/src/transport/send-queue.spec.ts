/** What waits for a slow peer. */
import type { Message } from '@muster/raft';
import { SendQueue } from './send-queue.js';

const append = (commit: number): Message => ({ kind: 'append', from: 'a', to: 'b', term: 1, prevIndex: 0, prevTerm: 0, entries: [], commit });
const heartbeat = (round: number): Message => ({ kind: 'heartbeat', from: 'a', to: 'b', term: 1, commit: 0, round });
const bytes = (text: string, size = 1): Buffer => Buffer.alloc(size, text);

test('a heartbeat overtakes appends, which keep their order', () => {
  const queue = new SendQueue({ bulkBytesMax: 100, urgentMax: 10 });
  queue.push(append(1), bytes('1'));
  queue.push(append(2), bytes('2'));
  queue.push(heartbeat(1), bytes('h'));
  expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()].map((frame) => frame?.toString())).toEqual(['h', '1', '2', undefined]);
});

test('large messages beyond the limit are lost and counted, the newest first; one is always taken', () => {
  const queue = new SendQueue({ bulkBytesMax: 100, urgentMax: 10 });
  queue.push(append(1), bytes('1', 500));
  queue.push(append(2), bytes('2'));
  expect(queue).toMatchObject({ dropped: 1, length: 1 });
  expect(queue.shift()?.toString('utf8', 0, 1)).toBe('1');
  queue.push(append(3), bytes('3', 60));
  queue.push(append(4), bytes('4', 40));
  expect(queue).toMatchObject({ dropped: 1, length: 2 });
});

test('of too many small messages the oldest are lost and counted', () => {
  const queue = new SendQueue({ bulkBytesMax: 100, urgentMax: 2 });
  for (const round of [1, 2, 3]) queue.push(heartbeat(round), bytes(String(round)));
  expect(queue.dropped).toBe(1);
  expect([queue.shift(), queue.shift()].map((frame) => frame?.toString())).toEqual(['2', '3']);
});
