import type { ClusterStatus, MemberStatus, MemberStatusView, WatchMessage } from '@muster/contracts';
import { MembershipView } from './membership-view.js';

const member = (nodeId: string, status: MemberStatus, changedAtUnixMs = 1000): MemberStatusView => ({
  nodeId,
  incarnation: 1,
  status,
  reason: 'because',
  service: 'node',
  zone: 'a',
  tags: {},
  resources: { cores: 1, memoryBytes: 1 },
  httpUrl: null,
  probeUrl: null,
  marks: [],
  changedAtUnixMs,
  index: 1,
  term: 1,
  healthScore: 100,
  healthTerms: [],
  phiScore: 0,
  lastHeartbeatTime: '2026-01-01T00:00:00.000Z',
  vitals: null,
});
const snapshot = (...members: MemberStatusView[]): WatchMessage => {
  const status: ClusterStatus = { cluster: 'c', totalNodes: members.length, healthyNodes: 0, hasQuorum: true, leaderId: 'c1', index: 1, term: 1, ageMs: 0, brakes: [], membership: Object.fromEntries(members.map((each) => [each.nodeId, each])) };
  return { kind: 'snapshot', status };
};
const changed = (from: MemberStatus | null, to: MemberStatusView): WatchMessage => ({ kind: 'member', index: 2, term: 1, from, member: to });
const brief = (view: MembershipView, message: WatchMessage) => view.apply(message, 5000).map(({ nodeId, from, to }) => `${nodeId} ${from} ${to}`);

describe('a view of the membership', () => {
  test('the first snapshot is where it starts from, not news', () => {
    const view = new MembershipView();
    expect(brief(view, snapshot(member('a', 'HEALTHY')))).toEqual([]);
    expect(view.statusOf('a')).toBe('HEALTHY');
  });

  test('a change is news once, however often it is told', () => {
    const view = new MembershipView();
    view.apply(snapshot(), 0);
    expect(brief(view, changed(null, member('a', 'JOINING')))).toEqual(['a null JOINING']);
    expect(brief(view, changed(null, member('a', 'JOINING')))).toEqual([]);
  });

  test('what happened while nobody was connected is told after the reconnect, oldest first', () => {
    const view = new MembershipView();
    view.apply(snapshot(member('a', 'HEALTHY'), member('b', 'HEALTHY'), member('c', 'LEFT')), 0);
    expect(brief(view, snapshot(member('a', 'DOWN', 3000), member('b', 'SUSPECT', 2000), member('d', 'JOINING', 4000)))).toEqual(['b HEALTHY SUSPECT', 'a HEALTHY DOWN', 'd null JOINING', 'c LEFT REMOVED']);
  });

  test('a member that was forgotten is gone, and forgetting a stranger is no news', () => {
    const view = new MembershipView();
    view.apply(snapshot(member('a', 'LEFT')), 0);
    expect(brief(view, { kind: 'removed', index: 3, term: 1, nodeId: 'a' })).toEqual(['a null REMOVED']);
    expect(brief(view, { kind: 'removed', index: 3, term: 1, nodeId: 'a' })).toEqual([]);
    expect(view.statusOf('a')).toBeNull();
  });
});
