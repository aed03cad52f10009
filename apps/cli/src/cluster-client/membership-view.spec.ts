import type { Brake, ClusterStatus, MemberMark, MemberStatus, MemberStatusView, WatchMessage } from '@muster/contracts';
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
const marked = (nodeId: string, ...marks: MemberMark[]): MemberStatusView => ({ ...member(nodeId, 'HEALTHY'), marks });
const brake: Brake = { zone: 'a', reason: 'half of it is silent', sinceUnixMs: 0, holdsUntilUnixMs: 1, nodeIds: ['b'] };
const snapshot = (...members: MemberStatusView[]): WatchMessage => {
  const status: ClusterStatus = { cluster: 'c', totalNodes: members.length, healthyNodes: 0, hasQuorum: true, leaderId: 'c1', index: 1, term: 1, ageMs: 0, brakes: [], membership: Object.fromEntries(members.map((each) => [each.nodeId, each])) };
  return { kind: 'snapshot', status };
};
const braked = (message: WatchMessage, ...brakes: Brake[]): WatchMessage => (message.kind === 'snapshot' ? { ...message, status: { ...message.status, brakes } } : message);
const changed = (from: MemberStatus | null, to: MemberStatusView): WatchMessage => ({ kind: 'member', index: 2, term: 1, from, member: to });
const brief = (view: MembershipView, message: WatchMessage) =>
  view.apply(message, 5000).map((change) => {
    switch (change.kind) {
      case 'status':
        return `${change.nodeId} ${change.from} ${change.to}`;
      case 'update':
        return `${change.nodeId}: ${change.what} (${change.reason})`;
      case 'brake':
        return `${change.zone} ${change.step} (${change.reason})`;
    }
  });

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

  test('marks that come and go are news with their reason, once; what else is described anew is none', () => {
    const view = new MembershipView();
    const update = (marks: MemberMark[], reason: string): WatchMessage => ({ kind: 'member', index: 2, term: 1, from: 'HEALTHY', member: marked('a', ...marks), update: reason });
    view.apply(snapshot(member('a', 'HEALTHY')), 0);
    expect(brief(view, update(['cordoned', 'draining'], 'drained by ada'))).toEqual(['a: cordoned, draining (drained by ada)']);
    expect(brief(view, update(['cordoned', 'draining'], 'drained by ada'))).toEqual([]);
    expect(brief(view, update(['damped'], 'uncordoned by bob'))).toEqual(['a: damped, not cordoned, not draining (uncordoned by bob)']);
    expect(view.apply(changed('HEALTHY', { ...marked('a', 'cordoned', 'damped'), status: 'SUSPECT' }), 0)).toMatchObject([{ kind: 'status', to: 'SUSPECT', reason: 'because · cordoned' }]);
  });

  test('brakes are news, and those that came or went while nobody was connected are told after the reconnect', () => {
    const view = new MembershipView();
    view.apply(snapshot(member('a', 'HEALTHY')), 0);
    const told = (brakes: Brake[], step: 'engaged' | 'grown' | 'released'): WatchMessage => ({ kind: 'brakes', index: 3, term: 1, brakes, news: { step, zone: 'a', reason: 'so' } });
    expect(brief(view, told([brake], 'engaged'))).toEqual(['a engaged (so)']);
    expect(brief(view, told([brake], 'grown'))).toEqual(['a grown (so)']);
    expect(brief(view, { kind: 'brakes', index: 3, term: 1, brakes: [brake] })).toEqual([]);
    expect(brief(view, snapshot(member('a', 'HEALTHY')))).toEqual(['a released ()']);
    expect(brief(view, braked(snapshot(member('a', 'HEALTHY')), brake))).toEqual(['a engaged (half of it is silent)']);
    expect(brief(view, told([], 'released'))).toEqual(['a released (so)']);
  });

  test('marks that came while nobody was connected are told after the reconnect', () => {
    const view = new MembershipView();
    view.apply(snapshot(marked('a')), 0);
    expect(brief(view, snapshot(marked('a', 'draining')))).toEqual(['a: draining ()']);
  });

  test('a member that was forgotten is gone, and forgetting a stranger is no news', () => {
    const view = new MembershipView();
    view.apply(snapshot(member('a', 'LEFT')), 0);
    expect(brief(view, { kind: 'removed', index: 3, term: 1, nodeId: 'a' })).toEqual(['a null REMOVED']);
    expect(brief(view, { kind: 'removed', index: 3, term: 1, nodeId: 'a' })).toEqual([]);
    expect(view.statusOf('a')).toBeNull();
  });
});
