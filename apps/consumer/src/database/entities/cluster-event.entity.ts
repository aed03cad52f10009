/** What happened to a member, or to a brake, as the CloudEvent it came in. */
import type { ClusterEvent } from '@muster/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('cluster_event')
export class ClusterEventEntity {
  @PrimaryColumn('text', { name: 'event_id' })
  eventId!: string;

  /** Part of the key: a cluster whose log began anew counts from one again, and its events are new ones. */
  @PrimaryColumn('timestamptz')
  time!: Date;

  @Column('bigint')
  term!: string;

  @Column('bigint', { name: 'log_index' })
  logIndex!: string;

  /** The subject of the event: `zone/<zone>` or `cluster` for a brake. */
  @Column('text', { name: 'node_id' })
  nodeId!: string;

  /** A status, or what happened: `UPDATED`, `BRAKE_ENGAGED`. */
  @Column('text', { name: 'to_status' })
  toStatus!: string;

  @Column('jsonb')
  event!: ClusterEvent;
}
