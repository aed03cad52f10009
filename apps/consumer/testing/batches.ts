/** Batches as a bus would hand them out, and what became of their dead letters. */
import { randomUUID } from 'node:crypto';
import { type BrakeEvent, type BusRecord, type ClusterEvent, encodeClusterEvent, encodeLog, EVENTS_TOPIC, type LogRecord, LOGS_TOPIC, type MemberEvent, memberEventType, type MemberStatus, type RecordBatch } from '@muster/contracts';

export interface TestBatch extends RecordBatch {
  readonly deadLetters: { readonly offset: bigint; readonly reason: string }[];
}

export interface BatchFacts {
  readonly topic?: string;
  readonly partition?: number;
  /** Offset of the first record; the others follow without gaps. */
  readonly first?: number;
  readonly highWatermark?: number;
  readonly values: readonly (Uint8Array | null)[];
}

export function batchOf({ topic = LOGS_TOPIC.name, partition = 0, first = 0, highWatermark, values }: BatchFacts): TestBatch {
  const deadLetters: { offset: bigint; reason: string }[] = [];
  const records = values.map((value, index): BusRecord => ({ key: null, value, headers: {}, offset: BigInt(first + index), timestampUnixMs: 0 }));
  return {
    topic,
    partition,
    records,
    highWatermark: BigInt(highWatermark ?? first + values.length),
    deadLetters,
    isStale: () => false,
    heartbeat: () => Promise.resolve(),
    deadLetter: async (record, reason) => void deadLetters.push({ offset: record.offset, reason }),
  };
}

export function logRecord(facts: Partial<LogRecord> = {}): LogRecord {
  return { v: 1, id: randomUUID(), timeUnixMs: 1_760_000_000_000, level: 'info', service: 'orders', source: 'orders-1', producerId: 'producer-1', message: 'hello', attributes: {}, ...facts };
}

export const logs = (count: number, facts: Partial<LogRecord> = {}): Uint8Array[] => Array.from({ length: count }, (_, index) => encodeLog(logRecord({ message: `line ${index}`, ...facts })));

export interface EventFacts {
  readonly nodeId?: string;
  readonly index: number;
  readonly term?: number;
  readonly incarnation?: number;
  readonly to?: MemberStatus;
  readonly time?: string;
  /** Place in the entry. */
  readonly ordinal?: number;
  /** Makes it an update. */
  readonly update?: string;
}

export function clusterEvent({ nodeId = 'node-1', index, term = 1, incarnation = 1, to = 'HEALTHY', time = '2026-01-02T03:04:05.000Z', ordinal = 0, update }: EventFacts): MemberEvent {
  return {
    specversion: '1.0',
    id: `muster/${term}/${index}${ordinal === 0 ? '' : `/${ordinal}`}`,
    source: '/muster',
    type: update === undefined ? memberEventType(to) : 'io.muster.member.updated.v1',
    subject: nodeId,
    time,
    datacontenttype: 'application/json',
    data: {
      from: null,
      to,
      silenceMs: null,
      ...(update === undefined ? {} : { update }),
      member: { v: 1, nodeId, incarnation, status: to, reason: 'test', service: 'producer', zone: 'a', tags: {}, resources: { cores: 1, memoryBytes: 1 }, httpUrl: null, probeUrl: null, marks: [], changedAtUnixMs: 0, index, term },
    },
  };
}

export function brakeEvent(index: number, ordinal: number): BrakeEvent {
  return {
    specversion: '1.0',
    id: `muster/1/${index}${ordinal === 0 ? '' : `/${ordinal}`}`,
    source: '/muster',
    type: 'io.muster.brake.engaged.v1',
    subject: 'zone/a',
    time: '2026-01-02T03:04:05.000Z',
    datacontenttype: 'application/json',
    data: { brake: { zone: 'a', reason: 'half of it is silent', sinceUnixMs: 0, holdsUntilUnixMs: 1, nodeIds: ['node-1'] }, nodeCount: 1, reason: 'half of it is silent', index, term: 1 },
  };
}

export const eventBatch = (events: readonly ClusterEvent[], first = 0): TestBatch => batchOf({ topic: EVENTS_TOPIC.name, first, values: events.map(encodeClusterEvent) });
