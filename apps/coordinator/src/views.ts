/** What is agreed and what is seen, put together for people and gateways. Reads only. */
import { type ClusterStatus, isLive, MEMBER_MARKS, type MemberMark, type MemberRecord, type MemberStatusView, type Pulse, type WatchMessage, type Why } from '@muster/contracts';
import type { ObservedPulse } from '@muster/evidence';
import type { Change } from '@muster/membership';
import type { Clock } from './clock.js';
import type { Cluster } from './cluster.js';
import type { Stamp } from './http/reads.js';

/** What this coordinator sees of members, beside what is agreed. */
export interface Sight {
  pulse(nodeId: string, nowMs: number): ObservedPulse | null;
  /** Its evidence on a member; null for one that it never saw. */
  why(nodeId: string): Why | null;
}

export class Views {
  private readonly madeMs: number;

  constructor(
    private readonly cluster: Cluster,
    private readonly sight: Sight,
    private readonly clock: Clock,
  ) {
    this.madeMs = clock.nowMs();
  }

  /** Where it was asked how sure the answer is, that is said with it. */
  status(stamp?: Stamp): ClusterStatus {
    const { hasQuorum, leaderId, term } = this.cluster.status();
    const members = this.members();
    return {
      cluster: this.cluster.name,
      totalNodes: members.filter((member) => isLive(member.status)).length,
      healthyNodes: members.filter((member) => member.status === 'HEALTHY').length,
      hasQuorum,
      leaderId,
      index: this.cluster.membership.index,
      term,
      ageMs: stamp?.ageMs ?? this.ageMs(),
      ...(stamp === undefined ? {} : { consistency: stamp.consistency, servedBy: stamp.servedBy }),
      brakes: [...this.cluster.membership.brakes()],
      membership: Object.fromEntries(members.map((member) => [member.nodeId, member])),
    };
  }

  members(): MemberStatusView[] {
    return [...this.cluster.membership.all()].map((member) => this.view(member.record)).toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  }

  member(nodeId: string): MemberStatusView | null {
    const record = this.cluster.membership.member(nodeId)?.record;
    return record === undefined ? null : this.view(record);
  }

  /** The evidence behind a member's state; null for a node that is no member. What is agreed wins over what is seen. */
  why(nodeId: string): Why | null {
    const { membership } = this.cluster;
    const record = membership.member(nodeId)?.record;
    if (record === undefined) return null;
    const { status, incarnation, reason, changedAtUnixMs, index, term, marks } = record;
    const { now = null, withheld = '', doubt = '', canary = null, lastVerdict = null } = this.sight.why(nodeId) ?? {};
    return { nodeId, incarnation, status, reason, changedAtUnixMs, index, term, marks, now, withheld, doubt, canary, damping: this.damping(nodeId), brake: this.brake(nodeId), marked: this.marked(record), admission: this.admission(record), lastVerdict };
  }

  snapshot(stamp?: Stamp): WatchMessage {
    return { kind: 'snapshot', status: this.status(stamp) };
  }

  /** Readings of the live members. */
  pulse(): WatchMessage {
    const { hasQuorum, leaderId, term } = this.cluster.status();
    const pulses: Pulse[] = [];
    for (const { record } of this.cluster.membership.all()) {
      const pulse = isLive(record.status) ? this.sight.pulse(record.nodeId, this.clock.nowMs()) : null;
      if (pulse !== null) pulses.push(dated(pulse));
    }
    return { kind: 'pulse', hasQuorum, leaderId, index: this.cluster.membership.index, term, ageMs: this.ageMs(), pulses };
  }

  /** The changes of one entry, in order. */
  changes(changes: readonly Change[]): WatchMessage[] {
    const messages: WatchMessage[] = [];
    for (const change of changes) {
      const { index, term } = change;
      switch (change.kind) {
        case 'transition':
          messages.push({ kind: 'member', index, term, from: change.from, member: this.view(change.member) });
          break;
        case 'updated':
          messages.push({ kind: 'member', index, term, from: change.member.status, member: this.view(change.member), update: change.reason });
          break;
        case 'removed':
          messages.push({ kind: 'removed', index, term, nodeId: change.nodeId });
          break;
        case 'brake':
          messages.push({ kind: 'brakes', index, term, brakes: [...this.cluster.membership.brakes()], news: { step: change.step, zone: change.brake.zone, reason: change.reason } });
          break;
      }
    }
    return messages;
  }

  /** A coordinator that was never in touch with the others knows nothing newer than its own start. */
  private ageMs(): number {
    return this.cluster.status().contactAgeMs ?? this.clock.nowMs() - this.madeMs;
  }

  private damping(nodeId: string): Why['damping'] {
    const { membership } = this.cluster;
    const { penalty, untilUnixMs } = membership.damping(nodeId, this.clock.nowUnixMs());
    return { penalty, suppressAt: membership.rules.flapSuppress, reuseBelow: membership.rules.flapReuse, untilUnixMs };
  }

  /** The changes that brought the marks, as far as they are still kept. */
  private marked({ nodeId, marks }: MemberRecord): NonNullable<Why['marked']> {
    if (marks.length === 0) return [];
    const { membership } = this.cluster;
    const brought = new Map<MemberMark, { reason: string; atUnixMs: number }>();
    // What the oldest kept change of the member finds there came with one that is forgotten.
    let before: readonly MemberMark[] = membership.forgottenIndex === 0 ? [] : MEMBER_MARKS;
    for (const change of membership.changesAfter(membership.forgottenIndex, Number.MAX_SAFE_INTEGER)) {
      if ((change.kind !== 'updated' && change.kind !== 'transition') || change.member.nodeId !== nodeId) continue;
      const { atUnixMs, member } = change;
      const reason = change.kind === 'updated' ? change.reason : member.reason;
      for (const mark of member.marks) if (!before.includes(mark)) brought.set(mark, { reason, atUnixMs });
      before = member.marks;
    }
    return marks.flatMap((mark) => {
      const change = brought.get(mark);
      return change === undefined ? [] : [{ mark, ...change }];
    });
  }

  private admission({ nodeId, status, changedAtUnixMs }: MemberRecord): Why['admission'] {
    const admission = status === 'JOINING' ? this.cluster.membership.member(nodeId)?.admission : undefined;
    return admission === undefined ? null : { beats: admission.beats, notBeforeUnixMs: changedAtUnixMs + admission.periodMs };
  }

  /** In words; empty when no brake protects the member. */
  private brake(nodeId: string): string {
    const brakes = this.cluster.membership.brakes().filter(({ nodeIds }) => nodeIds.includes(nodeId));
    return brakes.map(({ zone, reason }) => `${zone === null ? 'the cluster' : `zone ${zone}`}: ${reason}`).join('; ').slice(0, 1024);
  }

  private view(record: MemberRecord): MemberStatusView {
    const { v: _, ...facts } = record;
    const pulse = this.sight.pulse(record.nodeId, this.clock.nowMs());
    const isCurrent = pulse !== null && pulse.incarnation === record.incarnation;
    return {
      ...facts,
      healthScore: isCurrent && isLive(record.status) ? pulse.healthScore : 0,
      healthTerms: isCurrent ? pulse.healthTerms : [],
      phiScore: isCurrent ? pulse.phiScore : 0,
      lastHeartbeatTime: new Date(pulse?.lastBeatUnixMs ?? record.changedAtUnixMs).toISOString(),
      vitals: isCurrent ? pulse.vitals : null,
    };
  }
}

function dated({ lastBeatUnixMs, ...pulse }: ObservedPulse): Pulse {
  return { ...pulse, lastHeartbeatTime: new Date(lastBeatUnixMs).toISOString() };
}
