/** How cluster events become rows of `cluster_event`, and bring `member_state` up to date in the same statement. */
import { type BusRecord, decodeClusterEvent } from '@muster/contracts';
import type { DecodedRow, SinkTable } from './sink-table.js';

export const EVENT_TABLE: SinkTable = {
  decode: decodeEventRow,
  // Of several events of one member only the latest counts, and a state never goes back: what arrives late changes nothing.
  insert: `incoming AS (
    SELECT r.*, moved.topic_generation
    FROM moved, jsonb_to_recordset($7::jsonb)
      AS r(event_id text, time timestamptz, term bigint, log_index bigint, node_id text, to_status text, incarnation bigint, member jsonb, event jsonb, topic_offset bigint)
  ), stored AS (
    INSERT INTO cluster_event (event_id, time, term, log_index, node_id, to_status, event, topic, topic_generation, topic_partition, topic_offset)
    SELECT event_id, time, term, log_index, node_id, to_status, event, $2, topic_generation, $3, topic_offset FROM incoming
    ON CONFLICT DO NOTHING
    RETURNING 1
  ), updated AS (
    INSERT INTO member_state (node_id, incarnation, term, log_index, status, member)
    SELECT DISTINCT ON (node_id) node_id, incarnation, term, log_index, to_status, member FROM incoming
    ORDER BY node_id, incarnation DESC, term DESC, log_index DESC
    ON CONFLICT (node_id) DO UPDATE
    SET incarnation = excluded.incarnation, term = excluded.term, log_index = excluded.log_index, status = excluded.status, member = excluded.member, updated_at = now()
    WHERE (excluded.incarnation, excluded.term, excluded.log_index) > (member_state.incarnation, member_state.term, member_state.log_index)
  )`,
};

function decodeEventRow(record: BusRecord): DecodedRow {
  if (record.value === null) return { kind: 'poison', reason: 'cluster event has no value: a tombstone means nothing in this topic' };
  const decoded = decodeClusterEvent(record.value);
  if (decoded.kind !== 'ok') return { kind: 'poison', reason: decoded.reason };
  const event = decoded.value;
  const { member } = event.data;
  return {
    kind: 'row',
    row: {
      event_id: event.id,
      time: event.time,
      term: member.term,
      log_index: member.index,
      node_id: event.subject,
      to_status: event.data.to,
      incarnation: member.incarnation,
      member,
      event,
      topic_offset: String(record.offset),
    },
  };
}
