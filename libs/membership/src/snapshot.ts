/** The whole state as plain data, and how older snapshots and entries are read. */
import type { MemberRecord } from '@muster/contracts';
import type { AgreedTime } from './agreed-clock.js';
import type { BrakeState } from './brakes.js';
import type { Change } from './change.js';
import type { Command } from './command.js';
import type { HistoryState } from './history.js';
import { type Member, UNDAMPED } from './member.js';
import type { MembershipRules } from './rules.js';

export interface MembershipSnapshot extends HistoryState {
  readonly v: 2;
  readonly index: number;
  readonly term: number;
  readonly rules: MembershipRules;
  /** Entry that set the rules; 0 when they were only assumed. */
  readonly rulesIndex: number;
  readonly time: AgreedTime;
  readonly members: readonly Member[];
  readonly brakes: readonly BrakeState[];
}

/** What the first version wrote: no marks, brakes, penalties or rules. */
export interface MembershipSnapshotV1 {
  readonly v: 1;
  readonly index: number;
  readonly term: number;
  readonly publishedIndex: number;
  readonly outboxDropped: number;
  readonly forgottenIndex?: number;
  readonly members: readonly (Omit<Member, 'record' | 'damping' | 'isEvicted'> & { readonly record: RecordV1 })[];
  readonly changes: readonly ChangeV1[];
}

type RecordV1 = Omit<MemberRecord, 'marks' | 'probeUrl'> & Partial<Pick<MemberRecord, 'marks' | 'probeUrl'>>;
type ChangeV1 =
  | { readonly kind: 'transition'; readonly index: number; readonly term: number; readonly from: MemberRecord['status'] | null; readonly member: RecordV1; readonly silenceMs: number | null }
  | { readonly kind: 'updated'; readonly index: number; readonly term: number; readonly member: RecordV1 }
  | { readonly kind: 'removed'; readonly index: number; readonly term: number; readonly nodeId: string };

/** `rules`: those that a snapshot of the first version was made under, which did not keep them. */
export function upgraded(snapshot: MembershipSnapshot | MembershipSnapshotV1, rules: MembershipRules): MembershipSnapshot {
  if (snapshot.v === 2) return snapshot;
  const { index, term, publishedIndex, outboxDropped, forgottenIndex = 0 } = snapshot;
  return {
    v: 2,
    index,
    term,
    publishedIndex,
    outboxDropped,
    forgottenIndex,
    rules,
    rulesIndex: 0,
    time: { term: 0, unixMs: 0, offsetMs: 0 },
    members: snapshot.members.map((member) => ({ ...member, record: recordOf(member.record), damping: UNDAMPED, isEvicted: false })),
    brakes: [],
    changes: snapshot.changes.map(changeOf),
  };
}

/** An entry of a log that began before members had a probe port. */
export function readable(command: Command): Command {
  if (command.kind !== 'join' && command.kind !== 'describe') return command;
  const { probeUrl }: { readonly probeUrl?: string | null } = command.profile;
  return probeUrl === undefined ? { ...command, profile: { ...command.profile, probeUrl: null } } : command;
}

function recordOf(record: RecordV1): MemberRecord {
  return { ...record, marks: record.marks ?? [], probeUrl: record.probeUrl ?? null };
}

function changeOf(change: ChangeV1): Change {
  switch (change.kind) {
    case 'transition':
      return { ...change, ordinal: 0, atUnixMs: change.member.changedAtUnixMs, member: recordOf(change.member), failure: null };
    case 'updated':
      return { ...change, ordinal: 0, atUnixMs: change.member.changedAtUnixMs, member: recordOf(change.member), reason: change.member.reason };
    case 'removed':
      // When it was forgotten was not kept, and is told to nobody.
      return { ...change, ordinal: 0, atUnixMs: 0 };
  }
}
