/** The latest state of each member that the events told of. */
import type { MemberRecord, MemberStatus } from '@muster/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('member_state')
export class MemberStateEntity {
  @PrimaryColumn('text', { name: 'node_id' })
  nodeId!: string;

  @Column('bigint')
  incarnation!: string;

  @Column('bigint')
  term!: string;

  @Column('bigint', { name: 'log_index' })
  logIndex!: string;

  /** Place among the changes of that entry. */
  @Column('int', { name: 'log_ordinal' })
  logOrdinal!: number;

  @Column('text')
  status!: MemberStatus;

  @Column('jsonb')
  member!: MemberRecord;
}
