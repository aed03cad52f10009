/** How old the contact with others is. */
import type { Message } from '@muster/raft';
import { PeerContacts } from './peer-contacts.js';

const config = { voters: ['a', 'b', 'c'], outgoing: [], learners: [] };
const heartbeat = (round: number): Message => ({ kind: 'heartbeat', from: 'a', to: 'b', term: 2, commit: 0, round });
const reply = (from: string, round: number, term = 2): Message => ({ kind: 'heartbeat-reply', from, to: 'a', term, round });

test('contact is as old as the question, not as its answer, and one answer of three members is a majority', () => {
  const contacts = new PeerContacts();
  contacts.sending([heartbeat(1)], 100);
  expect(contacts.majorityAtMs(config, 'a', 130)).toBeNull();
  contacts.heard(reply('b', 1), 2, 140);
  expect(contacts.majorityAtMs(config, 'a', 150)).toBe(100);
  expect(contacts.of('b')).toEqual({ heardAtMs: 140, answeredAtMs: 100, rttMs: 40 });
});

test('an answer to an older question takes nothing back, and the round trip is smoothed', () => {
  const contacts = new PeerContacts();
  contacts.sending([heartbeat(1)], 100);
  contacts.sending([heartbeat(2)], 200);
  contacts.heard(reply('b', 2), 2, 210);
  contacts.heard(reply('b', 1), 2, 260);
  expect(contacts.of('b')).toEqual({ heardAtMs: 260, answeredAtMs: 200, rttMs: 10 + 150 / 8 });
});

test('what was answered in an earlier term does not count, nor does a majority of one half of a joint configuration', () => {
  const contacts = new PeerContacts();
  contacts.sending([heartbeat(1)], 100);
  contacts.heard(reply('b', 1), 2, 110);
  expect(contacts.majorityAtMs({ voters: ['a', 'b', 'd'], outgoing: ['a', 'c', 'e'], learners: [] }, 'a', 120)).toBeNull();
  contacts.heard(reply('c', 1, 3), 3, 130);
  expect(contacts.majorityAtMs(config, 'a', 140)).toBe(100);
  contacts.heard({ kind: 'vote', from: 'b', to: 'a', term: 4, isPre: false, lastIndex: 0, lastTerm: 0, isTransfer: false }, 4, 150);
  expect(contacts.majorityAtMs(config, 'a', 160)).toBeNull();
});

test('a vote is a sign of contact, a pre-vote and a refusal are not', () => {
  const vote = (isPre: boolean, granted: boolean): Message => ({ kind: 'vote-reply', from: 'b', to: 'a', term: 2, isPre, granted });
  for (const [isPre, granted, atMs] of [[true, true, null], [false, false, null], [false, true, 100]] as const) {
    const contacts = new PeerContacts();
    contacts.heard(vote(isPre, granted), 2, 100);
    expect(contacts.majorityAtMs(config, 'a', 120)).toBe(atMs);
  }
});

test('one that leads alone is always in touch, and those that left are forgotten', () => {
  const contacts = new PeerContacts();
  expect(contacts.majorityAtMs({ voters: ['a'], outgoing: [], learners: [] }, 'a', 70)).toBe(70);
  contacts.heard(reply('b', 1), 2, 100);
  contacts.keep(['a', 'c']);
  expect(contacts.of('b')).toBeNull();
});
