/**
 * How cluster events become rows of `cluster_event`, and bring `member_state` up to date in the same statement.
 *
 * An event is known by its id: one log entry may hold many. Brakes are kept as history like everything else, and are the state of no member.
 */
import { type BusRecord, type ClusterEvent, decodeClusterEvent, isMemberEvent } from '@muster/contracts';
import type { DecodedRow, SinkTable } from './sink-table.js';

export const EVENT_TABLE: SinkTable = {
  decode: decodeEventRow,
  // Of several events of one member only the latest counts, and a state never goes back: what arrives late changes nothing.
  insert: `incoming AS (
    SELECT r.*, moved.topic_generation
    FROM moved, jsonb_to_recordset($7::jsonb)
      AS r(event_id text, time timestamptz, term bigint, log_index bigint, log_ordinal int, node_id text, to_status text, incarnation bigint, status text, member jsonb, event jsonb, topic_offset bigint)
  ), stored AS (
    INSERT INTO cluster_event (event_id, time, term, log_index, node_id, to_status, event, topic, topic_generation, topic_partition, topic_offset)
    SELECT event_id, time, term, log_index, node_id, to_status, event, $2, topic_generation, $3, topic_offset FROM incoming
    ON CONFLICT DO NOTHING
    RETURNING 1
  ), updated AS (
    INSERT INTO member_state (node_id, incarnation, term, log_index, log_ordinal, status, member)
    SELECT DISTINCT ON (node_id) node_id, incarnation, term, log_index, log_ordinal, status, member FROM incoming
    WHERE incarnation IS NOT NULL
    ORDER BY node_id, incarnation DESC, term DESC, log_index DESC, log_ordinal DESC
    ON CONFLICT (node_id) DO UPDATE
    SET incarnation = excluded.incarnation, term = excluded.term, log_index = excluded.log_index, log_ordinal = excluded.log_ordinal, status = excluded.status, member = excluded.member, updated_at = now()
    WHERE (excluded.incarnation, excluded.term, excluded.log_index, excluded.log_ordinal) > (member_state.incarnation, member_state.term, member_state.log_index, member_state.log_ordinal)
  )`,
};

function decodeEventRow(record: BusRecord): DecodedRow {
  if (record.value === null) return { kind: 'poison', reason: 'cluster event has no value: a tombstone means nothing in this topic' };
  const decoded = decodeClusterEvent(record.value);
  if (decoded.kind !== 'ok') return { kind: 'poison', reason: decoded.reason };
  const event = decoded.value;
  return { kind: 'row', row: { event_id: event.id, time: event.time, log_ordinal: ordinalOf(event), node_id: event.subject, to_status: becameOf(event), ...placeOf(event), event, topic_offset: String(record.offset) } };
}

function placeOf(event: ClusterEvent): object {
  if (!isMemberEvent(event)) return { term: event.data.term, log_index: event.data.index };
  const { member, to } = event.data;
  return { term: member.term, log_index: member.index, incarnation: member.incarnation, status: to, member };
}

/** What `GET /events?status=` finds it by: the status after a transition, else what happened, as `UPDATED` or `BRAKE_ENGAGED`. */
function becameOf(event: ClusterEvent): string {
  const [, , about, what] = event.type.split('.');
  return `${about === 'brake' ? 'brake_' : ''}${what}`.toUpperCase();
}

/** Place among the changes of its log entry: the last part of an id that has four. */
const ordinalOf = ({ id }: ClusterEvent): number => Number(id.split('/')[3] ?? 0);
