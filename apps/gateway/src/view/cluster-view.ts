/**
 * The cluster as the coordinators last described it, and how old that is.
 *
 * Pure: messages and the time go in, answers come out. It believes the coordinator whose words it is given, its own word on how old they
 * are included; when nobody has spoken for long it says that it cannot know about a quorum.
 */
import { type Brake, type ClusterStatus, isLive, type MemberStatusView, type WatchMessage } from '@muster/contracts';

export class ClusterView {
  private status: ClusterStatus | null = null;
  /** When `status` was right, on the caller's clock. */
  private asOfMs = 0;
  private members = new Map<string, MemberStatusView>();

  constructor(
    /** Silence after which a quorum is not vouched for. Milliseconds, > 0. */
    private readonly quorumDoubtMs: number,
  ) {}

  /** True when who is there, or how well, changed. */
  apply(message: WatchMessage, nowMs: number): boolean {
    switch (message.kind) {
      case 'snapshot':
        this.replace(message.status, nowMs);
        return true;
      case 'member':
        this.members.set(message.member.nodeId, message.member);
        return this.note(message, nowMs);
      case 'removed':
        this.members.delete(message.nodeId);
        return this.note(message, nowMs);
      case 'brakes':
        if (this.status !== null) this.status = { ...this.status, brakes: message.brakes };
        return this.note(message, nowMs);
      case 'pulse': {
        const wasScored = this.pulse(message);
        this.note(message, nowMs - (message.ageMs ?? 0));
        if (this.status !== null) this.status = { ...this.status, hasQuorum: message.hasQuorum, leaderId: message.leaderId };
        return wasScored;
      }
    }
  }

  /** Takes a view that was saved earlier; a coordinator's word is never overwritten by it. */
  restore(status: ClusterStatus, asOfMs: number): boolean {
    if (this.status !== null) return false;
    this.replace(status, asOfMs);
    return true;
  }

  /** Log index that the view stands for; null while nothing is known. */
  get index(): number | null {
    return this.status?.index ?? null;
  }

  get isKnown(): boolean {
    return this.status !== null;
  }

  /** Time since the view was last right, as a coordinator said; infinite before the first word. */
  ageMs(nowMs: number): number {
    return this.status === null ? Number.POSITIVE_INFINITY : Math.max(0, nowMs - this.asOfMs);
  }

  /** Null while nothing is known. */
  statusAt(nowMs: number): ClusterStatus | null {
    if (this.status === null) return null;
    const ageMs = this.ageMs(nowMs);
    const membership = Object.fromEntries(this.members);
    const all = [...this.members.values()];
    return {
      ...this.status,
      totalNodes: all.filter((member) => isLive(member.status)).length,
      healthyNodes: all.filter((member) => member.status === 'HEALTHY').length,
      hasQuorum: this.status.hasQuorum && ageMs <= this.quorumDoubtMs,
      ageMs: Math.round(ageMs),
      membership,
    };
  }

  member(nodeId: string): MemberStatusView | null {
    return this.members.get(nodeId) ?? null;
  }

  all(): readonly MemberStatusView[] {
    return [...this.members.values()];
  }

  get brakes(): readonly Brake[] {
    return this.status?.brakes ?? [];
  }

  private replace(status: ClusterStatus, asOfMs: number): void {
    this.status = status;
    this.asOfMs = asOfMs - status.ageMs;
    this.members = new Map(Object.entries(status.membership));
  }

  private note({ index, term }: { readonly index: number; readonly term: number }, asOfMs: number): true {
    if (this.status === null) return true;
    this.status = { ...this.status, index, term };
    this.asOfMs = asOfMs;
    return true;
  }

  /** Readings of an incarnation that is gone are left out. */
  private pulse({ pulses }: Extract<WatchMessage, { kind: 'pulse' }>): boolean {
    let isChanged = false;
    for (const pulse of pulses) {
      const member = this.members.get(pulse.nodeId);
      if (member?.incarnation !== pulse.incarnation) continue;
      this.members.set(pulse.nodeId, { ...member, ...pulse });
      isChanged = true;
    }
    return isChanged;
  }
}
