import { clusterStatusSchema, type MemberStatusView } from '@muster/contracts';
import { memberOf, pulseOf, statusOf } from '../../testing/members.js';
import { ClusterView } from './cluster-view.js';

const QUORUM_DOUBT_MS = 5000;

function viewOf(...members: readonly MemberStatusView[]): ClusterView {
  const view = new ClusterView(QUORUM_DOUBT_MS);
  view.apply({ kind: 'snapshot', status: statusOf(...members) }, 0);
  return view;
}

test('before the first word nothing is known', () => {
  const view = new ClusterView(QUORUM_DOUBT_MS);
  expect(view.statusAt(0)).toBeNull();
  expect(view.ageMs(0)).toBe(Number.POSITIVE_INFINITY);
});

test('A5: a snapshot is answered as it came, valid by the contract, and grows old', () => {
  const view = viewOf(memberOf('a'), memberOf('b', { status: 'DEGRADED' }));
  expect(view.statusAt(0)).toEqual({ ...statusOf(memberOf('a'), memberOf('b', { status: 'DEGRADED' })), totalNodes: 2, healthyNodes: 1 });
  expect(clusterStatusSchema.parse(view.statusAt(1500))).toMatchObject({ ageMs: 1500, hasQuorum: true });
});

test('changes are applied one by one and counted', () => {
  const view = viewOf(memberOf('a'), memberOf('b'), memberOf('c'));
  view.apply({ kind: 'member', index: 11, term: 2, from: 'HEALTHY', member: memberOf('b', { status: 'DOWN' }) }, 100);
  expect(view.statusAt(100)).toMatchObject({ index: 11, term: 2, healthyNodes: 2, membership: { b: { status: 'DOWN' } } });
  view.apply({ kind: 'removed', index: 12, term: 2, nodeId: 'b' }, 200);
  expect(Object.keys(view.statusAt(200)?.membership ?? {})).toEqual(['a', 'c']);
  view.apply({ kind: 'snapshot', status: statusOf(memberOf('c')) }, 300);
  expect(view.all().map(({ nodeId }) => nodeId)).toEqual(['c']);
});

test('changes that were agreed together share an index, and each of them is applied', () => {
  const view = viewOf(memberOf('a'), memberOf('b'), memberOf('c'), memberOf('d'));
  for (const nodeId of ['a', 'b', 'c']) view.apply({ kind: 'member', index: 11, term: 2, from: 'HEALTHY', member: memberOf(nodeId, { status: 'DOWN', index: 11 }) }, 100);
  view.apply({ kind: 'removed', index: 11, term: 2, nodeId: 'd' }, 100);
  expect(view.all().map(({ nodeId, status }) => [nodeId, status])).toEqual([['a', 'DOWN'], ['b', 'DOWN'], ['c', 'DOWN']]);
  expect(view.statusAt(100)).toMatchObject({ index: 11, healthyNodes: 0 });
});

test('brakes come with a snapshot and change by their own message; listeners are told', () => {
  const view = viewOf(memberOf('a'));
  expect(view.brakes).toEqual([]);
  const brake = { zone: 'zone-a', reason: '3 of 4 silent', sinceUnixMs: 5, holdsUntilUnixMs: 60_005, nodeIds: ['a'] };
  expect(view.apply({ kind: 'brakes', index: 12, term: 1, brakes: [brake] }, 10)).toBe(true);
  expect(view.brakes).toEqual([brake]);
  expect(clusterStatusSchema.parse(view.statusAt(20))).toMatchObject({ index: 12, brakes: [brake] });
  view.apply({ kind: 'brakes', index: 13, term: 1, brakes: [] }, 30);
  expect(view.statusAt(30)?.brakes).toEqual([]);
  view.apply({ kind: 'snapshot', status: { ...statusOf(memberOf('a')), brakes: [brake] } }, 40);
  expect(view.brakes).toEqual([brake]);
});

test('a pulse refreshes readings and age, but not those of an incarnation that is gone', () => {
  const view = viewOf(memberOf('a'), memberOf('b', { incarnation: 2 }));
  expect(view.apply(pulseOf(memberOf('a', { healthScore: 40 })), 4000)).toBe(true);
  expect(view.apply(pulseOf(memberOf('b', { incarnation: 1, healthScore: 1 })), 4000)).toBe(false);
  expect(view.member('a')?.healthScore).toBe(40);
  expect(view.member('b')?.healthScore).toBe(100);
  expect(view.statusAt(4100)?.ageMs).toBe(100);
});

test('A10: a coordinator that is out of touch itself says how old its word is, and the view is as old as that', () => {
  const view = viewOf(memberOf('a'));
  view.apply(pulseOf(memberOf('a'), { ageMs: 7000 }), 10_000);
  expect(view.statusAt(10_100)?.ageMs).toBe(7100);
  view.apply(pulseOf(memberOf('a')), 11_000);
  expect(view.statusAt(11_000)?.ageMs).toBe(0);
});

test('A10: no quorum at the coordinator is no quorum here, and long silence is no quorum either', () => {
  const view = viewOf(memberOf('a'));
  expect(view.statusAt(QUORUM_DOUBT_MS)?.hasQuorum).toBe(true);
  expect(view.statusAt(QUORUM_DOUBT_MS + 1)?.hasQuorum).toBe(false);
  view.apply(pulseOf(memberOf('a'), { hasQuorum: false }), 9000);
  expect(view.statusAt(9000)?.hasQuorum).toBe(false);
  view.apply(pulseOf(memberOf('a')), 9500);
  expect(view.statusAt(9500)?.hasQuorum).toBe(true);
});

test('a saved view fills the gap before the first word and never overwrites one', () => {
  const view = new ClusterView(QUORUM_DOUBT_MS);
  expect(view.restore(statusOf(memberOf('saved')), -60_000)).toBe(true);
  expect(view.statusAt(0)).toMatchObject({ ageMs: 60_000, hasQuorum: false });
  view.apply({ kind: 'snapshot', status: statusOf(memberOf('live')) }, 10);
  expect(view.restore(statusOf(memberOf('saved')), 0)).toBe(false);
  expect(view.member('live')).not.toBeNull();
});
