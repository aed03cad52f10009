/** That the invariants bite: each is shown a history that breaks it. */
import type { Beat } from '@muster/contracts';
import { type MemberCommand, Membership, membershipRules, type Profile } from '@muster/membership';
import { GroundTruth } from './ground-truth.js';
import { Invariants } from './invariants.js';

const profile: Profile = { service: 'node', zone: 'z', tags: {}, resources: { cores: 1, memoryBytes: 1e9 }, httpUrl: null, probeUrl: null };
const about = { term: 1, atUnixMs: 1, nodeId: 'a', incarnation: 5, reason: 'because' };
const join = (seq: number): MemberCommand => ({ ...about, seq, kind: 'join', profile });
const down = (failure: 'crashed' | 'unreachable', seq = 3): MemberCommand => ({ ...about, seq, kind: 'down', silenceMs: 12_000, failure });

function harness() {
  const truth = new GroundTruth(2000);
  const membership = new Membership(membershipRules({ stabilisationMs: 30_000 }));
  const invariants = new Invariants(membership, truth, { silentMs: 12_000, failureTimeoutMs: 15_000, intervalMs: 1000 });
  truth.started('a', 5, 0);
  const applied = (command: MemberCommand, atMs: number, told = command): void => {
    const entry = { index: membership.index + 1, term: 1, command };
    invariants.applied({ ...entry, command: told }, membership.apply(entry), atMs);
    invariants.afterStep(atMs);
  };
  const sees = (untilMs: number): void => {
    for (let atMs = 0; atMs <= untilMs; atMs += 1000) truth.proven(atMs);
  };
  const beat = (seq: number, atMs: number): void => truth.arrived({ nodeId: 'a', incarnation: 5, seq } as Beat, atMs);
  return { truth, invariants, applied, sees, beat };
}

function silentFor(ms: number): () => void {
  const { applied, sees, beat } = harness();
  beat(3, 1000);
  sees(1000 + ms);
  applied(join(3), 1000);
  return () => applied(down('unreachable'), 1000 + ms);
}

test('a node that was heard 11 s ago must not be DOWN as unreachable; after 12 s it may', () => {
  expect(silentFor(11_000)).toThrow(/before the silent limit/);
  expect(silentFor(12_000)).not.toThrow();
});

test('time in which the coordinator did not observe is no silence', () => {
  const { applied, beat, truth } = harness();
  beat(3, 1000);
  truth.absent(2000, 8000);
  applied(join(3), 1000);
  truth.proven(13_000);
  expect(() => applied(down('unreachable'), 14_000)).toThrow(/before the silent limit/);
});

test('a process that lives must not be DOWN as crashed', () => {
  const { applied } = harness();
  applied(join(3), 1000);
  expect(() => applied(down('crashed'), 60_000)).toThrow(/only a process that is gone/);
});

test('what is DOWN must not change by what was known before', () => {
  const { applied, truth, invariants } = harness();
  applied(join(3), 1000);
  truth.ended('a', 2000, 'process');
  applied(down('crashed'), 3000);
  const change = { kind: 'transition' as const, index: 9, term: 1, ordinal: 0, from: 'DOWN' as const, silenceMs: null, failure: null, member: { v: 1 as const, nodeId: 'a', incarnation: 5, status: 'HEALTHY' as const, reason: 'x', ...profile, marks: [], changedAtUnixMs: 1, index: 9, term: 1 } };
  expect(() => invariants.applied({ index: 9, term: 1, command: { ...about, seq: 3, kind: 'admit' } }, { kind: 'changed', change, also: [] }, 4000)).toThrow(/DOWN is final/);
});

test('a crash that is not noticed in time breaks the run', () => {
  const { applied, truth, invariants, beat, sees } = harness();
  beat(3, 1000);
  applied(join(3), 1000);
  truth.ended('a', 1500, 'host');
  invariants.crashed('a', 5, 1500);
  sees(18_500);
  expect(() => invariants.afterStep(18_000)).not.toThrow();
  expect(() => invariants.afterStep(18_500)).toThrow(/within failure.timeoutMs/);
});

test('a change without a reason breaks the run', () => {
  const { applied } = harness();
  expect(() => applied({ ...join(3), reason: '' }, 1000)).toThrow(/has a reason/);
});
