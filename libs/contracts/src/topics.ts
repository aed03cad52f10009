/**
 * The topics of the wire: how many partitions each has, how long it is kept, what may be in it.
 *
 * Decides names and shapes only; creating them is the business of `messaging`.
 */

export interface TopicSpec {
  readonly name: string;
  /** Partitions of the topic. Count, >= 1. More give more parallel readers; order holds within one only. */
  readonly partitionCount: number;
  /** `delete` drops records older than `retentionMs`, `compact` keeps the latest of each key for ever. */
  readonly cleanup: 'delete' | 'compact';
  /** Age at which records may be dropped. Milliseconds; null for compacted topics. */
  readonly retentionMs: number | null;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Beats of every member, keyed by nodeId. */
export const HEARTBEATS_TOPIC: TopicSpec = { name: 'cluster.heartbeats', partitionCount: 12, cleanup: 'delete', retentionMs: HOUR_MS };
/** The latest record of each member, keyed by nodeId. */
export const MEMBERSHIP_TOPIC: TopicSpec = { name: 'cluster.membership', partitionCount: 1, cleanup: 'compact', retentionMs: null };
/** Every change of a member and every brake as a CloudEvent, keyed by its subject. */
export const EVENTS_TOPIC: TopicSpec = { name: 'cluster.events', partitionCount: 1, cleanup: 'delete', retentionMs: 7 * DAY_MS };
/** Log records, keyed by their source. */
export const LOGS_TOPIC: TopicSpec = { name: 'logs.records', partitionCount: 12, cleanup: 'delete', retentionMs: 3 * DAY_MS };

/** Where records of `topic` go that could not be processed; the reason is in their headers. */
export function deadLetterTopic(topic: string): TopicSpec {
  return { name: `${topic}.dead-letter`, partitionCount: 1, cleanup: 'delete', retentionMs: 14 * DAY_MS };
}

const SOURCES = [HEARTBEATS_TOPIC, MEMBERSHIP_TOPIC, EVENTS_TOPIC, LOGS_TOPIC];

/** Every topic that Muster uses, dead-letter topics included. */
export const ALL_TOPICS: readonly TopicSpec[] = [...SOURCES, ...SOURCES.map((topic) => deadLetterTopic(topic.name))];
