/** Nobody who lives is taken for gone because heartbeats are rare. */
import fc from 'fast-check';
import { patienceWith } from './in-touch.js';

test('with any heartbeat that may be set, a member that answers every other one counts as heard and in touch', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 5000 }), fc.integer({ min: 5, max: 20 }), (heartbeatMs, heartbeats) => {
      const { heardMs, touchMs } = patienceWith({ heartbeatMs, electionTimeoutMs: heartbeats * heartbeatMs });
      expect(Math.min(heardMs, touchMs)).toBeGreaterThan(2 * heartbeatMs);
      expect(touchMs).toBeGreaterThanOrEqual(heartbeats * heartbeatMs);
    }),
  );
});

test('with the heartbeats that are shipped an operator waits for a third of a second', () => {
  expect(patienceWith({ heartbeatMs: 50, electionTimeoutMs: 500 })).toEqual({ heardMs: 300, touchMs: 1000 });
});
