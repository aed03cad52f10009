/** What a pulse says as time goes by. */
import { agedAt, NO_PULSE } from './pulse.js';

test('a loop that stands still is soon out of touch, however it was when it last spoke', () => {
  const pulse = { ...NO_PULSE, role: 'leader' as const, leaderId: 'a', contactAtMs: 1000 };
  expect(agedAt(pulse, 1100, 500)).toMatchObject({ contactAgeMs: 100, hasQuorum: true });
  expect(agedAt(pulse, 1999, 500).hasQuorum).toBe(true);
  expect(agedAt(pulse, 2000, 500)).toMatchObject({ contactAgeMs: 1000, hasQuorum: false });
});

test('without a leader, or before any contact, there is no quorum', () => {
  expect(agedAt({ ...NO_PULSE, contactAtMs: 1000 }, 1001, 500).hasQuorum).toBe(false);
  expect(agedAt({ ...NO_PULSE, leaderId: 'b' }, 1001, 500)).toMatchObject({ hasQuorum: false, contactAgeMs: null });
});
