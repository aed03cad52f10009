/** Members and commands for tests: each with one thing said, the rest filled in. */
import type { MemberStatus } from '@muster/contracts';
import type { Change } from '../src/change.js';
import type { BrakeCommand, Command, FailureClass, ManyCommand, MemberCommand, OperatorCommand, ReleaseCommand, SingleCommand, SuspectCause } from '../src/command.js';
import { type Member, type Profile, UNDAMPED } from '../src/member.js';
import { Membership } from '../src/membership.js';
import type { Outcome } from '../src/outcome.js';
import { type MembershipRules, membershipRules } from '../src/rules.js';

export const rules: MembershipRules = membershipRules({ stabilisationMs: 30_000 });

export const profile: Profile = { service: 'producer', zone: 'zone-a', tags: {}, resources: { cores: 2, memoryBytes: 1e9 }, httpUrl: 'http://127.0.0.1:8082', probeUrl: null };

export const T0 = 1_700_000_000_000;

export function memberIn(status: MemberStatus, more: Partial<Member> = {}): Member {
  return {
    record: { v: 1, nodeId: 'a', incarnation: 5, status, reason: '', ...profile, marks: [], changedAtUnixMs: T0, index: 1, term: 1 },
    seq: 10,
    standing: status === 'SUSPECT' ? 'HEALTHY' : null,
    admission: { beats: 3, periodMs: 0 },
    failuresUnixMs: [],
    damping: UNDAMPED,
    isEvicted: false,
    ...more,
  };
}

export interface Said {
  readonly nodeId?: string;
  readonly incarnation?: number;
  readonly seq?: number;
  readonly term?: number;
  readonly atUnixMs?: number;
  readonly reason?: string;
  readonly to?: 'HEALTHY' | 'DEGRADED';
  readonly cause?: SuspectCause;
  readonly failure?: FailureClass;
}

/** What detection says, by default about incarnation 5 of node `a`, whose beat 20 it saw. */
export function command(kind: MemberCommand['kind'], { to = 'DEGRADED', cause = 'silence', failure = 'unreachable', ...said }: Said = {}): MemberCommand {
  const about = { term: 1, atUnixMs: T0, nodeId: 'a', incarnation: 5, seq: 20, reason: kind, ...said };
  switch (kind) {
    case 'join':
    case 'describe':
      return { ...about, kind, profile };
    case 'grade':
      return { ...about, kind, to };
    case 'suspect':
      return { ...about, kind, cause, silenceMs: 3000 };
    case 'down':
      return { ...about, kind, silenceMs: 12_000, failure };
    case 'admit':
    case 'clear':
    case 'leave':
    case 'left':
    case 'reap':
      return { ...about, kind };
  }
}

/** A node that joins from this zone. */
export function joinFrom(zone: string, said: Said = {}): MemberCommand {
  return { ...command('join', said), kind: 'join', profile: { ...profile, zone } };
}

export function order(kind: OperatorCommand['kind'], said: Partial<OperatorCommand> = {}): OperatorCommand {
  return { term: 1, atUnixMs: T0, nodeId: 'a', reason: `${kind}: new kernel (by ada)`, ...said, kind };
}

export function brake(nodeIds: readonly string[], said: Partial<BrakeCommand> = {}): BrakeCommand {
  return { kind: 'brake', term: 1, atUnixMs: T0, zone: null, nodeIds, reason: 'many at once', holdMs: 60_000, ...said };
}

export function release(said: Partial<ReleaseCommand> = {}): ReleaseCommand {
  return { kind: 'release', term: 1, atUnixMs: T0, zone: null, reason: 'they beat again', ...said };
}

export function many(...commands: readonly SingleCommand[]): ManyCommand {
  return { kind: 'many', term: 1, atUnixMs: T0, commands };
}

/** A membership and a way to apply commands one after another. */
export function applying(membership = new Membership(rules)): { membership: Membership; apply: (command: Command, term?: number) => Outcome } {
  return { membership, apply: (it, term = 1) => membership.apply({ index: membership.index + 1, term: Math.max(term, membership.term), command: it }) };
}

/** In short: the status that a member has now, how a brake changed, or why not. */
export function said(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'many':
      return outcome.outcomes.map((single) => said(single)).join(', ');
    case 'noted':
      return 'noted';
    case 'rejected':
      return outcome.rejection.kind;
    case 'changed':
      return [outcome.change, ...outcome.also].map(named).join(' + ');
  }
}

function named(change: Change): string {
  switch (change.kind) {
    case 'transition':
    case 'updated':
      return change.member.status;
    case 'removed':
      return 'removed';
    case 'brake':
      return change.step;
  }
}
