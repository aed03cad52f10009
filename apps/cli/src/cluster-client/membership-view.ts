/**
 * Turns the messages of `/cluster/watch` into changes worth a line. After a reconnect the snapshot is compared with
 * what was known, so that nothing that happened meanwhile is lost. Pure.
 */
import type { ClusterStatus, MemberStatus, WatchMessage } from '@muster/contracts';
import type { MembershipChange } from '../terminal/timeline.js';

interface Known {
  readonly status: MemberStatus;
  readonly incarnation: number;
}

export class MembershipView {
  private readonly members = new Map<string, Known>();
  private hasSnapshot = false;

  /** What changed with this message, oldest first; the first snapshot is the starting point and changes nothing. */
  apply(message: WatchMessage, nowUnixMs: number): MembershipChange[] {
    switch (message.kind) {
      case 'snapshot':
        return this.applySnapshot(message.status, nowUnixMs);
      case 'member': {
        const { member } = message;
        const known = this.members.get(member.nodeId);
        this.members.set(member.nodeId, { status: member.status, incarnation: member.incarnation });
        if (known?.status === member.status && known.incarnation === member.incarnation) return [];
        return [{ atUnixMs: member.changedAtUnixMs, nodeId: member.nodeId, from: message.from, to: member.status, reason: member.reason }];
      }
      case 'removed':
        if (!this.members.delete(message.nodeId)) return [];
        return [{ atUnixMs: nowUnixMs, nodeId: message.nodeId, from: null, to: 'REMOVED', reason: 'forgotten' }];
      case 'brakes':
      case 'pulse':
        return [];
    }
  }

  statusOf(nodeId: string): MemberStatus | null {
    return this.members.get(nodeId)?.status ?? null;
  }

  private applySnapshot(status: ClusterStatus, nowUnixMs: number): MembershipChange[] {
    const changes: MembershipChange[] = [];
    for (const member of Object.values(status.membership)) {
      const known = this.members.get(member.nodeId);
      this.members.set(member.nodeId, { status: member.status, incarnation: member.incarnation });
      if (!this.hasSnapshot || known?.status === member.status) continue;
      changes.push({ atUnixMs: member.changedAtUnixMs, nodeId: member.nodeId, from: known?.status ?? null, to: member.status, reason: member.reason });
    }
    for (const nodeId of this.members.keys()) {
      if (nodeId in status.membership) continue;
      const from = this.members.get(nodeId)?.status ?? null;
      this.members.delete(nodeId);
      changes.push({ atUnixMs: nowUnixMs, nodeId, from, to: 'REMOVED', reason: 'forgotten' });
    }
    this.hasSnapshot = true;
    return changes.toSorted((a, b) => a.atUnixMs - b.atUnixMs);
  }
}
