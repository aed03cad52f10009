/** Members, sights and beats for tests: each with one thing said, the rest filled in. */
import type { Beat, MemberStatus } from '@muster/contracts';
import type { Member, Profile } from '@muster/membership';
import type { Sight } from '../src/sight.js';

export const profile: Profile = { service: 'producer', zone: 'zone-a', tags: {}, resources: { cores: 2, memoryBytes: 1e9 }, httpUrl: 'http://127.0.0.1:8082', probeUrl: null };

export const T0 = 1_700_000_000_000;

export function memberIn(status: MemberStatus, more: Partial<Member> = {}): Member {
  return {
    record: { v: 1, nodeId: 'a', incarnation: 5, status, reason: '', ...profile, marks: [], changedAtUnixMs: T0, index: 1, term: 1 },
    seq: 10,
    standing: status === 'SUSPECT' ? 'HEALTHY' : null,
    admission: { beats: 3, periodMs: 0 },
    failuresUnixMs: [],
    damping: { penalty: 0, atMs: 0, charged: 0 },
    isEvicted: false,
    ...more,
  };
}

export function sight(more: Partial<Sight> = {}): Sight {
  return { nodeId: 'a', incarnation: 5, seq: 20, state: 'running', profile, stage: 'alive', silenceMs: 0, phi: 0, isBeatLate: false, joiningBeats: 1, joiningMs: 0, steadyMs: 0, grade: 'HEALTHY', score: 100, isAnsweringOnly: false, ...more };
}

const vitals: Beat['vitals'] = { cpuProcess: 0.1, cpuHost: 0.1, memory: 0.2, eventLoopDelayMs: 5, errorRate: 0, checks: [] };

export function beatOf(more: Partial<Beat> & Pick<Beat, 'nodeId' | 'seq' | 'sentMonoMs'>): Beat {
  return {
    v: 1,
    incarnation: 1,
    sentUnixMs: T0,
    intervalMs: 1000,
    state: 'running',
    service: 'producer',
    zone: 'zone-a',
    tags: {},
    resources: { cores: 2, memoryBytes: 1e9 },
    httpUrl: 'http://10.0.0.1:8082',
    probeUrl: 'tcp://10.0.0.1:9000',
    mainLagMs: 0,
    vitals,
    ...more,
  };
}
