/** The shape of a dead letter: the record as it was, and headers that say where it came from and why it is here. */
import type { BusRecord, OutgoingRecord, TopicPartition } from '@muster/contracts';

export const DEAD_LETTER_HEADERS = {
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
  key: 'dead-letter-key',
  reason: 'dead-letter-reason',
  failedAt: 'dead-letter-failed-at',
  /** Bytes of a value that was too large to be kept beside its headers; only its headers are kept then. */
  droppedBytes: 'dead-letter-dropped-bytes',
} as const;

const REASON_CHARACTERS_MAX = 1024;

export function deadLetterRecord(at: TopicPartition, record: BusRecord, reason: string, nowUnixMs: number): OutgoingRecord {
  return {
    key: record.key,
    value: record.value,
    headers: {
      ...record.headers,
      [DEAD_LETTER_HEADERS.topic]: at.topic,
      [DEAD_LETTER_HEADERS.partition]: String(at.partition),
      [DEAD_LETTER_HEADERS.offset]: String(record.offset),
      ...(record.key === null ? {} : { [DEAD_LETTER_HEADERS.key]: record.key.slice(0, REASON_CHARACTERS_MAX) }),
      [DEAD_LETTER_HEADERS.reason]: reason.slice(0, REASON_CHARACTERS_MAX),
      [DEAD_LETTER_HEADERS.failedAt]: new Date(nowUnixMs).toISOString(),
    },
  };
}

/** The same letter without its value, for a record that fills the broker's limit by itself. */
export function withoutValue(letter: OutgoingRecord): OutgoingRecord {
  const dropped = { [DEAD_LETTER_HEADERS.droppedBytes]: String(letter.value?.byteLength ?? 0) };
  return { key: letter.key?.slice(0, REASON_CHARACTERS_MAX) ?? null, value: new Uint8Array(), headers: { ...letter.headers, ...dropped } };
}
