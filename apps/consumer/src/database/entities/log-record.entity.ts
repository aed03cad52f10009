/** A stored log record. */
import type { LogLevel, LogRecord } from '@muster/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('log_record')
export class LogRecordEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('timestamptz')
  time!: Date;

  @Column('text')
  level!: LogLevel;

  @Column('text')
  service!: string;

  @Column('text')
  source!: string;

  @Column('text', { name: 'producer_id' })
  producerId!: string;

  @Column('text')
  message!: string;

  @Column('jsonb')
  attributes!: LogRecord['attributes'];

  @Column('text', { select: false })
  topic!: string;

  /** Counts how often the topic was made anew: its offsets begin again then. */
  @Column('int', { name: 'topic_generation', select: false })
  topicGeneration!: number;

  @Column('int', { name: 'topic_partition', select: false })
  topicPartition!: number;

  @Column('bigint', { name: 'topic_offset', select: false })
  topicOffset!: string;
}
