/**
 * Turns the messages of `/cluster/watch` into changes worth a line. After a reconnect the snapshot is compared with
 * what was known, so that nothing that happened meanwhile is lost. Pure.
 */
import type { Brake, ClusterStatus, MemberStatus, MemberStatusView, WatchMessage } from '@muster/contracts';
import type { MembershipChange } from '../terminal/timeline.js';

interface Known {
  readonly status: MemberStatus;
  readonly incarnation: number;
  readonly marks: readonly string[];
}

export class MembershipView {
  private readonly members = new Map<string, Known>();
  /** Brakes that hold, by zone; null is the cluster's. */
  private brakes = new Map<string | null, Brake>();
  private hasSnapshot = false;

  /** What changed with this message, oldest first; the first snapshot is the starting point and changes nothing. */
  apply(message: WatchMessage, nowUnixMs: number): MembershipChange[] {
    switch (message.kind) {
      case 'snapshot':
        return this.applySnapshot(message.status, nowUnixMs);
      case 'member':
        return this.applyMember(message.member, message.from, message.update, nowUnixMs);
      case 'removed':
        if (!this.members.delete(message.nodeId)) return [];
        return [{ kind: 'status', atUnixMs: nowUnixMs, nodeId: message.nodeId, from: null, to: 'REMOVED', reason: 'forgotten' }];
      case 'brakes': {
        const seen = this.applyBrakes(message.brakes, nowUnixMs);
        return message.news === undefined ? seen : [{ kind: 'brake', atUnixMs: nowUnixMs, ...message.news }];
      }
      case 'pulse':
        return [];
    }
  }

  statusOf(nodeId: string): MemberStatus | null {
    return this.members.get(nodeId)?.status ?? null;
  }

  private applyMember(member: MemberStatusView, from: MemberStatus | null, update: string | undefined, nowUnixMs: number): MembershipChange[] {
    const { nodeId, status } = member;
    const before = this.members.get(nodeId);
    const now = this.learn(member);
    if (before?.status !== now.status || before.incarnation !== now.incarnation) return [{ kind: 'status', atUnixMs: member.changedAtUnixMs, nodeId, from, to: status, reason: reasonOf(member, before) }];
    const what = newMarks(before.marks, now.marks);
    // Told twice is no news; another address or other tags are no news for a person.
    if (what === '') return [];
    return [{ kind: 'update', atUnixMs: nowUnixMs, nodeId, what, marks: now.marks, reason: update ?? '' }];
  }

  private applySnapshot(status: ClusterStatus, nowUnixMs: number): MembershipChange[] {
    const changes: MembershipChange[] = [];
    for (const member of Object.values(status.membership)) {
      const before = this.members.get(member.nodeId);
      const now = this.learn(member);
      if (!this.hasSnapshot) continue;
      const what = newMarks(before?.marks ?? [], now.marks);
      if (before?.status !== now.status) changes.push({ kind: 'status', atUnixMs: member.changedAtUnixMs, nodeId: member.nodeId, from: before?.status ?? null, to: now.status, reason: reasonOf(member, before) });
      else if (what !== '') changes.push({ kind: 'update', atUnixMs: nowUnixMs, nodeId: member.nodeId, what, marks: now.marks, reason: '' });
    }
    for (const nodeId of this.members.keys()) {
      if (nodeId in status.membership) continue;
      const from = this.members.get(nodeId)?.status ?? null;
      this.members.delete(nodeId);
      changes.push({ kind: 'status', atUnixMs: nowUnixMs, nodeId, from, to: 'REMOVED', reason: 'forgotten' });
    }
    const brakes = this.applyBrakes(status.brakes ?? [], nowUnixMs);
    if (this.hasSnapshot) changes.push(...brakes);
    this.hasSnapshot = true;
    return changes.toSorted((a, b) => a.atUnixMs - b.atUnixMs);
  }

  private applyBrakes(brakes: readonly Brake[], nowUnixMs: number): MembershipChange[] {
    const before = this.brakes;
    this.brakes = new Map(brakes.map((brake) => [brake.zone, brake]));
    const engaged = brakes.filter(({ zone }) => !before.has(zone)).map(({ zone, reason }) => ({ kind: 'brake', atUnixMs: nowUnixMs, zone, step: 'engaged', reason }) as const);
    const released = [...before.keys()].filter((zone) => !this.brakes.has(zone)).map((zone) => ({ kind: 'brake', atUnixMs: nowUnixMs, zone, step: 'released', reason: '' }) as const);
    return [...engaged, ...released];
  }

  private learn({ nodeId, status, incarnation, marks }: MemberStatusView): Known {
    // An older coordinator sends no marks.
    const known = { status, incarnation, marks: marks ?? [] };
    this.members.set(nodeId, known);
    return known;
  }
}

/** Marks that came with a transition are part of why. */
function reasonOf(member: MemberStatusView, before: Known | undefined): string {
  const gained = (member.marks ?? []).filter((mark) => before?.marks.includes(mark) !== true);
  return [member.reason, ...gained].join(' · ');
}

/** `draining`, `no longer cordoned`; empty when they are the same. */
function newMarks(before: readonly string[], now: readonly string[]): string {
  const gained = now.filter((mark) => !before.includes(mark));
  const lost = before.filter((mark) => !now.includes(mark));
  return [...gained, ...lost.map((mark) => `not ${mark}`)].join(', ');
}
