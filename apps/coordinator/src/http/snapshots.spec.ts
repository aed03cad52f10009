/** A restored state is said to be restored only when it is, and one that nobody could go on from is not even proposed. */
import { createHash } from 'node:crypto';
import { SAVED_STATE_FORMAT } from '@muster/contracts';
import { type Command, Membership, type MembershipSnapshot, membershipRules } from '@muster/membership';
import type { Asked } from './asked.js';
import { type AtLeader, NotNow } from './at-leader.js';
import { Operators } from './operators.js';
import { faultOf } from './restorable-state.js';
import type { RaftControl } from './raft-control.js';
import { type SavedSource, Snapshots } from './snapshots.js';

const SECRET = 'a secret that is long enough';

function livedIn(): MembershipSnapshot {
  const membership = new Membership(membershipRules({ stabilisationMs: 1000 }));
  const about = { term: 1, reason: 'r', nodeId: 'n1', incarnation: 1, seq: 1 };
  const commands: Command[] = [
    { ...about, kind: 'join', atUnixMs: 1000, profile: { service: 'producer', zone: 'z', tags: {}, resources: { cores: 2, memoryBytes: 1e9 }, httpUrl: 'http://127.0.0.1:8082', probeUrl: null } },
    { ...about, kind: 'admit', atUnixMs: 1001, seq: 5 },
    { ...about, kind: 'suspect', atUnixMs: 2000, seq: 5, cause: 'silence', silenceMs: 900 },
    { kind: 'brake', term: 1, atUnixMs: 2001, reason: 'many at once', zone: null, nodeIds: ['n1'], holdMs: 1000 },
    { kind: 'published', term: 1, upToIndex: 3 },
  ];
  for (const [position, command] of commands.entries()) membership.apply({ index: position + 1, term: 1, command });
  return membership.snapshot();
}

test('what a coordinator saves it can go on from, and without any part of it none can', () => {
  const state = JSON.parse(JSON.stringify(livedIn())) as MembershipSnapshot;
  expect([state.members.length, state.brakes.length > 0, state.changes.length > 3]).toEqual([1, true, true]);
  expect(faultOf(state)).toBeNull();
  for (const name of Object.keys(state).filter((part) => part !== 'v')) expect(faultOf({ ...state, [name]: undefined })).toContain(name);
  for (const name of Object.keys(state.members[0] ?? {})) expect(faultOf({ ...state, members: [{ ...state.members[0], [name]: undefined }] })).toContain(`members.0.${name}`);
});

test('a state that was agreed on in a term that was over by then is not said to be restored', async () => {
  const state = livedIn();
  const source: SavedSource = { name: 'test', saved: () => state, restoreAll: () => Promise.resolve({ kind: 'applied', index: 9, term: 2, outcome: { kind: 'rejected' } }) };
  const here = { perform: (_: Asked, local: () => unknown) => local() } as unknown as AtLeader;
  const snapshots = new Snapshots({} as RaftControl, source, here, new Operators(SECRET), { nowUnixMs: () => 0 });
  const snapshot = { format: SAVED_STATE_FORMAT, v: 1, cluster: 'test', clusterId: null, index: 6, term: 1, savedAtUnixMs: 0, savedBy: 'c1', digest: createHash('sha256').update(JSON.stringify(state)).digest('hex'), state };
  await expect(snapshots.restore({ method: 'POST', url: '/raft/restore', headers: { authorization: `Bearer ${SECRET}` }, body: { confirm: 'test', snapshot }, tell: () => {} })).rejects.toThrow(NotNow);
});
