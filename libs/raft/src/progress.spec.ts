/** What a leader may send to a follower before it answers. */
import fc from 'fast-check';
import { Progress } from './progress.js';

const limits = { messagesMax: 4, bytesMax: 100 };
const anyEvent = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant('match' as const), by: fc.nat(6) }),
  fc.record({ kind: fc.constant('reject' as const), at: fc.nat(6), hint: fc.nat(6) }),
  fc.record({ kind: fc.constantFrom('beat' as const, 'gone' as const) }),
);

test('the window never exceeds its limits by more than one message, and never falls below what is known', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      const progress = new Progress(1, limits);
      let sent: { last: number; bytes: number }[] = [];
      for (const event of events) {
        const match = progress.match;
        switch (event.kind) {
          case 'send':
            if (progress.isPaused) break;
            if (progress.state === 'replicate') sent.push({ last: progress.next, bytes: event.bytes });
            progress.sent(progress.next, event.bytes);
            break;
          case 'match': {
            const upTo = Math.min(progress.match + event.by, progress.next);
            progress.matched(upTo);
            sent = sent.filter(({ last }) => last > upTo);
            break;
          }
          case 'reject':
            progress.rejected(progress.match + event.at, event.hint);
            break;
          case 'beat':
            progress.resume();
            if (progress.state === 'replicate' && progress.isPaused) sent.shift();
            progress.freeOldest();
            break;
          case 'gone':
            progress.become('probe');
        }
        if (progress.state !== 'replicate') sent = [];
        expect(sent.length).toBeLessThanOrEqual(limits.messagesMax);
        expect(sent.slice(0, -1).reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(limits.bytesMax);
        expect(progress.match).toBeGreaterThanOrEqual(match);
        expect(progress.next).toBeGreaterThan(progress.match);
        const isFull = sent.length >= limits.messagesMax || sent.reduce((sum, { bytes }) => sum + bytes, 0) >= limits.bytesMax;
        expect(progress.state !== 'replicate' || progress.isPaused === isFull).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

test('while the logs are not known to agree one message is out at a time', () => {
  const progress = new Progress(5, limits);
  progress.sent(5, 10);
  expect(progress).toMatchObject({ isPaused: true, next: 5 });
  progress.resume();
  expect(progress.isPaused).toBe(false);
});

test('a refusal of what is known to fit, or was not asked, is an old one', () => {
  const progress = new Progress(8, limits);
  expect(progress.rejected(3, 2)).toBe(false);
  expect(progress.rejected(7, 2)).toBe(true);
  expect(progress.next).toBe(3);
  progress.matched(6);
  expect(progress.rejected(6, 0)).toBe(false);
  expect(progress.state).toBe('replicate');
  expect(progress.rejected(7, 0)).toBe(true);
  expect(progress).toMatchObject({ state: 'probe', next: 7 });
});

test('a refusal always leads to a smaller index, whatever its hint', () => {
  const progress = new Progress(8, limits);
  expect(progress.rejected(7, 50)).toBe(true);
  expect(progress.next).toBe(7);
});
