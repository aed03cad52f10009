/** Which wishes to join are carried out, and which came before. */
import { JOIN_NONCE_MS, JOIN_NONCES_USED_MAX, JoinNonces, redemptionTrouble } from './join-nonces.js';

const changed = (nonce: string, at: number): string => `${nonce.slice(0, at)}${nonce[at] === '0' ? '1' : '0'}${nonce.slice(at + 1)}`;

test('a nonce is good once', () => {
  const nonces = new JoinNonces();
  const [one, two] = [nonces.issue(0), nonces.issue(0)];
  expect([nonces.redeem(one, 1), nonces.redeem(one, 2), nonces.redeem(two, 3), nonces.redeem(two, 4)]).toEqual(['accepted', 'used', 'accepted', 'used']);
  expect(nonces.counts).toEqual({ joinNoncesIssued: 2, joinNoncesUsed: 2, joinNoncesRefused: 2 });
});

test('a nonce is good for a while, and used or not it is not good after that', () => {
  const nonces = new JoinNonces();
  const [early, late] = [nonces.issue(100.5), nonces.issue(100.5)];
  expect(nonces.redeem(early, 100.5 + JOIN_NONCE_MS)).toBe('accepted');
  expect([nonces.redeem(early, 102 + JOIN_NONCE_MS), nonces.redeem(late, 102 + JOIN_NONCE_MS)]).toEqual(['expired', 'expired']);
});

test('what another leader gave, what is made up, and one whose time was put off are unknown', () => {
  const [ours, theirs] = [new JoinNonces(), new JoinNonces()];
  const nonce = ours.issue(0);
  const postponed = nonce.replace(/-[0-9a-z]+-/, '-zzzzzzz-');
  const others = [theirs.issue(0), changed(nonce, 0), changed(nonce, nonce.length - 1), postponed, '', 'made-up', `${nonce}0`];
  expect(others.map((other) => ours.redeem(other, 1))).toEqual(others.map(() => 'unknown'));
  expect(ours.redeem(nonce, 1)).toBe('accepted');
});

test('asking for nonces takes no room; using them does, and as many as fit are remembered until they have expired', () => {
  const nonces = new JoinNonces();
  const given = Array.from({ length: JOIN_NONCES_USED_MAX + 1 }, () => nonces.issue(0));
  for (let more = 0; more < 5000; more++) nonces.issue(0);
  expect(given.slice(0, -1).every((nonce) => nonces.redeem(nonce, 1) === 'accepted')).toBe(true);
  expect(nonces.redeem(given.at(-1) ?? '', 2)).toBe('exhausted');
  // No room is made by forgetting one that still holds.
  expect(nonces.redeem(given[0] ?? '', 3)).toBe('used');
  expect(nonces.redeem(nonces.issue(JOIN_NONCE_MS + 2), JOIN_NONCE_MS + 2)).toBe('accepted');
});

test('each refusal says what to do', () => {
  for (const redemption of ['unknown', 'expired', 'used'] as const) expect(redemptionTrouble(redemption)).toContain('GET /raft/join-nonce');
  expect(redemptionTrouble('exhausted')).toContain('ask again later');
});
