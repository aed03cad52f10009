/** What is agreed and what is seen, put together for people and gateways. Reads only. */
import { type ClusterEvent, type ClusterStatus, isLive, type MemberRecord, type MemberStatusView, type Pulse, type WatchMessage } from '@muster/contracts';
import type { SightedPulse, Sightings } from '@muster/evidence';
import type { Change } from '@muster/membership';
import type { Clock } from './clock.js';
import type { Cluster } from './cluster.js';

export class Views {
  constructor(
    private readonly cluster: Cluster,
    private readonly sightings: Sightings,
    private readonly clock: Clock,
  ) {}

  status(): ClusterStatus {
    const { role: _, hasQuorum, leaderId, term } = this.cluster.status();
    const members = this.members();
    return {
      cluster: this.cluster.name,
      totalNodes: members.filter((member) => isLive(member.status)).length,
      healthyNodes: members.filter((member) => member.status === 'HEALTHY').length,
      hasQuorum,
      leaderId,
      index: this.cluster.membership.index,
      term,
      ageMs: 0,
      brakes: [],
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

  snapshot(): WatchMessage {
    return { kind: 'snapshot', status: this.status() };
  }

  /** Readings of the live members. */
  pulse(): WatchMessage {
    const { hasQuorum, leaderId, term } = this.cluster.status();
    const pulses: Pulse[] = [];
    for (const { record } of this.cluster.membership.all()) {
      const pulse = isLive(record.status) ? this.sightings.pulse(record.nodeId, this.clock.nowMs()) : null;
      if (pulse !== null) pulses.push(dated(pulse));
    }
    return { kind: 'pulse', hasQuorum, leaderId, index: this.cluster.membership.index, term, pulses };
  }

  change(change: Change): WatchMessage {
    const { index, term } = change;
    switch (change.kind) {
      case 'transition':
        return { kind: 'member', index, term, from: change.from, member: this.view(change.member) };
      case 'updated':
        return { kind: 'member', index, term, from: change.member.status, member: this.view(change.member) };
      case 'removed':
        return { kind: 'removed', index, term, nodeId: change.nodeId };
      case 'brake':
        return { kind: 'brakes', index, term, brakes: [...this.cluster.membership.brakes()] };
    }
  }

  private view(record: MemberRecord): MemberStatusView {
    const { v: _, ...facts } = record;
    const pulse = this.sightings.pulse(record.nodeId, this.clock.nowMs());
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

/** The change as the world outside reads it; null for changes that are no transitions. */
export function clusterEvent(cluster: string, change: Change): ClusterEvent | null {
  if (change.kind !== 'transition') return null;
  const { index, term, from, member, silenceMs } = change;
  return {
    specversion: '1.0',
    id: `${cluster}/${term}/${index}`,
    source: `/muster/${cluster}`,
    type: `io.muster.member.${member.status.toLowerCase() as Lowercase<typeof member.status>}.v1`,
    subject: member.nodeId,
    time: new Date(member.changedAtUnixMs).toISOString(),
    datacontenttype: 'application/json',
    data: { from, to: member.status, member, silenceMs },
  };
}

function dated({ lastBeatUnixMs, ...pulse }: SightedPulse): Pulse {
  return { ...pulse, lastHeartbeatTime: new Date(lastBeatUnixMs).toISOString() };
}
