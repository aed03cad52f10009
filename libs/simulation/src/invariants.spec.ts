/** That the invariants bite: each is shown a history that breaks it. */
import { changesOf, type Command, Membership, membershipRules, type MemberCommand, type Profile } from '@muster/membership';
import { GroundTruth } from './ground-truth.js';
import { Invariants } from './invariants.js';
import type { SimulatedNode } from './simulated-node.js';
import { SimulatedProcess } from './simulated-process.js';
import { VirtualClock } from './virtual-clock.js';

const profile: Profile = { service: 'node', zone: 'z', tags: {}, resources: { cores: 1, memoryBytes: 1e9 }, httpUrl: null, probeUrl: null };
const about = { term: 1, atUnixMs: 1, nodeId: 'a', incarnation: 5, reason: 'because' };
const join = (seq: number): MemberCommand => ({ ...about, seq, kind: 'join', profile });
const down = (failure: 'crashed' | 'unreachable' | 'hung', seq = 3): MemberCommand => ({ ...about, seq, kind: 'down', silenceMs: 12_000, failure });

function harness() {
  const clock = new VirtualClock();
  const truth = new GroundTruth({ proofMsMax: 2000, partitions: 1 });
  const membership = new Membership(membershipRules({ stabilisationMs: 30_000 }));
  const node = { partition: 0, main: new SimulatedProcess(clock), process: new SimulatedProcess(clock) };
  const limits = { failureTimeoutMs: 15_000, hungTimeoutMs: 60_000, intervalMs: 1000 };
  const invariants = new Invariants({ clock, membership, truth, node: () => node as unknown as SimulatedNode, limits, observer: () => ({ startedAtMs: 0, isBusUp: true }) });
  const life = truth.started('a', 5, 0);
  const applied = (command: Command, atMs: number, braked: readonly string[] = []): void => {
    clock.runUntil(atMs);
    const entry = { index: membership.index + 1, term: 1, command };
    const outcome = membership.apply(entry);
    invariants.applied(entry, outcome, changesOf(outcome), new Set(braked));
  };
  const sees = (untilMs: number): void => {
    for (let atMs = 0; atMs <= untilMs; atMs += 1000) truth.proven(null, atMs);
  };
  const beat = (seq: number, atMs: number): void => truth.arrived(life, { seq, madeAtMs: atMs }, atMs);
  return { clock, truth, invariants, membership, node, applied, sees, beat };
}

function silentFor(ms: number): () => void {
  const { applied, sees, beat } = harness();
  beat(3, 1000);
  sees(1000 + ms);
  applied(join(3), 1000);
  return () => applied(down('unreachable'), 1000 + ms);
}

test('a node that was heard 1.4 s ago must not be DOWN as unreachable; after 1.5 s it may', () => {
  expect(silentFor(1400)).toThrow(/silence of less than 1.5 intervals/);
  expect(silentFor(1500)).not.toThrow();
});

test('time in which the coordinator did not observe is no silence', () => {
  const { applied, beat, truth } = harness();
  beat(3, 1000);
  truth.absent(1200, 13_000);
  applied(join(3), 1000);
  truth.proven(null, 13_000);
  expect(() => applied(down('unreachable'), 13_300)).toThrow(/silence of less than 1.5 intervals/);
});

test('whom a brake protects must not be DOWN as unreachable', () => {
  const { applied, beat, sees } = harness();
  beat(3, 1000);
  sees(20_000);
  applied(join(3), 1000);
  expect(() => applied(down('unreachable'), 20_000, ['a'])).toThrow(/whom a brake protects/);
});

test('a process that lives must not be DOWN as crashed', () => {
  const { applied } = harness();
  applied(join(3), 1000);
  expect(() => applied(down('crashed'), 60_000)).toThrow(/only a process that is gone/);
});

test('a main loop that stood still for 50 s must not be DOWN as hung; after 60 s it may', () => {
  const young = harness();
  young.applied(join(3), 1000);
  young.node.main.pause(Infinity);
  expect(() => young.applied(down('hung'), 51_000)).toThrow(/stood still for the whole time/);
  const old = harness();
  old.applied(join(3), 1000);
  old.node.main.pause(Infinity);
  expect(() => old.applied(down('hung'), 61_000)).not.toThrow();
});

test('a crash that is not noticed in time breaks the run', () => {
  const { applied, truth, invariants, beat, sees, clock } = harness();
  beat(3, 1000);
  applied(join(3), 1000);
  clock.runUntil(1500);
  truth.ended('a', 1500, 'host');
  invariants.crashed('a', 5);
  sees(18_600);
  expect(() => clock.runUntil(18_400)).not.toThrow();
  expect(() => clock.runUntil(18_600)).toThrow(/within failure.timeoutMs/);
});

test('a change without a reason breaks the run', () => {
  const { applied } = harness();
  expect(() => applied({ ...join(3), reason: '' }, 1000)).toThrow(/has a reason/);
});
