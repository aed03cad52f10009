/** Members and statuses for tests, valid by the contracts. */
import type { ClusterStatus, MemberStatusView, WatchMessage } from '@muster/contracts';

export function memberOf(nodeId: string, facts: Partial<MemberStatusView> = {}): MemberStatusView {
  return {
    nodeId,
    incarnation: 1,
    status: 'HEALTHY',
    reason: 'for a test',
    service: 'consumer',
    zone: 'default',
    tags: {},
    resources: { cores: 1, memoryBytes: 1024 },
    httpUrl: null,
    probeUrl: null,
    marks: [],
    changedAtUnixMs: 0,
    index: 1,
    term: 1,
    healthScore: 100,
    healthTerms: [],
    phiScore: 0,
    lastHeartbeatTime: '2026-01-01T00:00:00.000Z',
    vitals: null,
    ...facts,
  };
}

export function statusOf(...members: readonly MemberStatusView[]): ClusterStatus {
  return {
    cluster: 'muster',
    totalNodes: members.length,
    healthyNodes: members.filter(({ status }) => status === 'HEALTHY').length,
    hasQuorum: true,
    leaderId: 'coordinator-1',
    index: 10,
    term: 1,
    ageMs: 0,
    brakes: [],
    membership: Object.fromEntries(members.map((member) => [member.nodeId, member])),
  };
}

export function pulseOf(member: MemberStatusView, facts: Partial<Pick<Extract<WatchMessage, { kind: 'pulse' }>, 'hasQuorum' | 'leaderId' | 'index' | 'ageMs'>> = {}): WatchMessage {
  const { nodeId, incarnation, healthScore, healthTerms, phiScore, lastHeartbeatTime, vitals } = member;
  return { kind: 'pulse', hasQuorum: true, leaderId: 'coordinator-1', index: 10, term: 1, ...facts, pulses: [{ nodeId, incarnation, healthScore, healthTerms, phiScore, lastHeartbeatTime, vitals }] };
}
