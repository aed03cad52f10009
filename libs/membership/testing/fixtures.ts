/** Members and commands for tests: each with one thing said, the rest filled in. */
import type { MemberStatus } from '@muster/contracts';
import type { MemberCommand } from '../src/command.js';
import { type Member, type Profile, UNDAMPED } from '../src/member.js';
import { type Entry, Membership } from '../src/membership.js';
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

type Kind = MemberCommand['kind'];
export interface Said {
  readonly nodeId?: string;
  readonly incarnation?: number;
  readonly seq?: number;
  readonly term?: number;
  readonly atUnixMs?: number;
  readonly to?: 'HEALTHY' | 'DEGRADED';
}

export function command(kind: Kind, { to = 'DEGRADED', ...said }: Said = {}): MemberCommand {
  const about = { term: 1, atUnixMs: T0, nodeId: 'a', incarnation: 5, seq: 20, reason: kind, ...said };
  switch (kind) {
    case 'join':
    case 'describe':
      return { ...about, kind, profile };
    case 'grade':
      return { ...about, kind, to };
    case 'suspect':
      return { ...about, kind, cause: 'silence', silenceMs: 3000 };
    case 'down':
      return { ...about, kind, silenceMs: 12_000, failure: 'unreachable' };
    case 'admit':
    case 'clear':
    case 'leave':
    case 'left':
    case 'reap':
      return { ...about, kind };
  }
}

/** A membership and a way to apply commands one after another. */
export function applying(membership = new Membership(rules)): { membership: Membership; apply: (command: Entry['command'], term?: number) => Outcome } {
  return { membership, apply: (it, term = 1) => membership.apply({ index: membership.index + 1, term: Math.max(term, membership.term), command: it }) };
}
