/** A stored transition of a member, as the CloudEvent it came in. */
import type { ClusterEvent, MemberStatus } from '@muster/contracts';
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

  @Column('text', { name: 'node_id' })
  nodeId!: string;

  @Column('text', { name: 'to_status' })
  toStatus!: MemberStatus;

  @Column('jsonb')
  event!: ClusterEvent;
}
