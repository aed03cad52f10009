/** How log records become rows of `log_record`, and the one statement that stores a batch of them. */
import { type BusRecord, decodeLog } from '@muster/contracts';
import type { DecodedRow, SinkTable } from './sink-table.js';

const TIME_UNIX_MS_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

export const LOG_TABLE: SinkTable = {
  decode: decodeLogRow,
  insert: `stored AS (
    INSERT INTO log_record (id, time, level, service, source, producer_id, message, attributes, topic, topic_generation, topic_partition, topic_offset)
    SELECT r.id, r.time, r.level, r.service, r.source, r.producer_id, r.message, r.attributes, $2, moved.topic_generation, $3, r.topic_offset
    FROM moved, jsonb_to_recordset($7::jsonb)
      AS r(id uuid, time timestamptz, level text, service text, source text, producer_id text, message text, attributes jsonb, topic_offset bigint)
    ON CONFLICT DO NOTHING
    RETURNING 1
  )`,
};

function decodeLogRow(record: BusRecord): DecodedRow {
  if (record.value === null) return { kind: 'poison', reason: 'log record has no value: a tombstone means nothing in this topic' };
  const decoded = decodeLog(record.value);
  if (decoded.kind !== 'ok') return { kind: 'poison', reason: decoded.reason };
  const { id, timeUnixMs, level, service, source, producerId, message, attributes } = decoded.value;
  if (timeUnixMs > TIME_UNIX_MS_MAX) return { kind: 'poison', reason: `log record: timeUnixMs: is ${timeUnixMs}: must lie before the year 10000` };
  return { kind: 'row', row: { id, time: new Date(timeUnixMs).toISOString(), level, service, source, producer_id: producerId, message, attributes, topic_offset: String(record.offset) } };
}
