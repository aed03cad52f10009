/** What a pulse says as time goes by. */
import { founded, type Message, Raft } from '@muster/raft';
import { PeerContacts } from './peer-contacts.js';
import { agedAt, NO_PULSE, pulseOf } from './pulse.js';

test('a loop that stands still is soon out of touch, however it was when it last spoke', () => {
  const pulse = { ...NO_PULSE, role: 'leader' as const, leaderId: 'a', contactAtMs: 1000 };
  expect(agedAt(pulse, 1100, 500)).toMatchObject({ contactAgeMs: 100, hasQuorum: true });
  expect(agedAt(pulse, 1999, 500).hasQuorum).toBe(true);
  expect(agedAt(pulse, 2000, 500)).toMatchObject({ contactAgeMs: 1000, hasQuorum: false });
});

test('one that has lost its leader still tells how old its last contact is, growing, but has no quorum', () => {
  const raft = new Raft({ id: 'b', electionTicks: 5, heartbeatTicks: 1, random: () => 0 }, founded({ voters: ['a', 'b', 'c'], outgoing: [], learners: [] }));
  const contacts = new PeerContacts();
  const heartbeat: Message = { kind: 'heartbeat', from: 'a', to: 'b', term: 1, commit: 0, round: 1 };
  raft.step(heartbeat);
  contacts.heard(heartbeat, raft.term, 1000);
  const { transport, counts, diskFreeBytes } = NO_PULSE;
  const parts = { contacts, connected: [], transport, counts, diskFreeBytes };
  const led = pulseOf({ ...parts, status: raft.status(), contactBeforeMs: null, nowMs: 1050 });
  expect(led).toMatchObject({ leaderId: 'a', contactAtMs: 1000 });
  for (let ticks = 0; ticks < 10; ticks++) raft.tick();
  const alone = pulseOf({ ...parts, status: raft.status(), contactBeforeMs: led.contactAtMs, nowMs: 1300 });
  expect(agedAt(alone, 1300, 500)).toMatchObject({ leaderId: null, contactAgeMs: 300, hasQuorum: false });
});

test('without a leader, or before any contact, there is no quorum', () => {
  expect(agedAt({ ...NO_PULSE, contactAtMs: 1000 }, 1001, 500).hasQuorum).toBe(false);
  expect(agedAt({ ...NO_PULSE, leaderId: 'b' }, 1001, 500)).toMatchObject({ hasQuorum: false, contactAgeMs: null });
});
