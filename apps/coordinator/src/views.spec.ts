import type { MemberMark, MemberRecord } from '@muster/contracts';
import type { Change } from '@muster/membership';
import type { Cluster } from './cluster.js';
import { Views } from './views.js';

const record = (marks: readonly MemberMark[], nodeId = 'a'): MemberRecord => ({ v: 1, nodeId, incarnation: 1, status: 'HEALTHY', reason: '3 beats in a row', service: 's', zone: 'z', tags: {}, resources: { cores: 1, memoryBytes: 1 }, httpUrl: null, probeUrl: null, marks: [...marks], changedAtUnixMs: 0, index: 9, term: 1 });
const updated = (index: number, reason: string, ...marks: MemberMark[]): Change => ({ kind: 'updated', index, ordinal: 0, term: 1, atUnixMs: index * 1000, member: record(marks), reason });

/** What is told of the marks of a member that has some now, from the changes that are still kept. */
function marked(forgottenIndex: number, now: readonly MemberMark[], ...changes: readonly Change[]): unknown {
  const member = { record: record(now) };
  const membership = { forgottenIndex, rules: { flapSuppress: 1.5, flapReuse: 0.75 }, member: () => member, changesAfter: () => changes, brakes: () => [], damping: () => ({ penalty: 0, untilUnixMs: null }) };
  const views = new Views({ membership } as unknown as Cluster, { pulse: () => null, why: () => null }, { nowMs: () => 0, nowUnixMs: () => 0, wakeAfter: () => ({ cancel() {} }) });
  return views.why('a')?.marked;
}

test('a mark is told with the latest change that brought it, not with those that merely found it', () => {
  expect(marked(0, ['cordoned', 'draining'], updated(3, 'cordoned by ada', 'cordoned'), updated(4, 'uncordoned by ada'), updated(5, 'cordoned by bob', 'cordoned'), updated(6, 'drained by eve', 'cordoned', 'draining'))).toEqual([
    { mark: 'cordoned', reason: 'cordoned by bob', atUnixMs: 5000 },
    { mark: 'draining', reason: 'drained by eve', atUnixMs: 6000 },
  ]);
});

test('a mark whose change is forgotten is laid at the door of no other change', () => {
  expect(marked(3, ['cordoned', 'draining'], updated(6, 'drained by eve', 'cordoned', 'draining'))).toEqual([]);
  expect(marked(3, ['cordoned', 'draining'], updated(5, 'moved', 'cordoned'), updated(6, 'drained by eve', 'cordoned', 'draining'))).toEqual([{ mark: 'draining', reason: 'drained by eve', atUnixMs: 6000 }]);
});

test('changes of other members and brakes say nothing about a mark', () => {
  const other: Change = { kind: 'updated', index: 4, ordinal: 0, term: 1, atUnixMs: 4000, member: record(['cordoned'], 'b'), reason: 'cordoned by mallory' };
  expect(marked(0, ['cordoned'], other, { kind: 'removed', index: 5, ordinal: 0, term: 1, atUnixMs: 5000, nodeId: 'a' }, updated(6, 'cordoned by ada', 'cordoned'))).toEqual([{ mark: 'cordoned', reason: 'cordoned by ada', atUnixMs: 6000 }]);
});
