/** How far a group has stored a partition, and which assignment may move it. */
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('bus_position')
export class BusPositionEntity {
  @PrimaryColumn('text', { name: 'consumer_group' })
  consumerGroup!: string;

  @PrimaryColumn('text')
  topic!: string;

  @PrimaryColumn('int', { name: 'topic_partition' })
  topicPartition!: number;

  @Column('int', { name: 'topic_generation' })
  topicGeneration!: number;

  /** Next offset to store; null before the first batch. */
  @Column('bigint', { name: 'next_offset', nullable: true })
  nextOffset!: string | null;

  /** Grows with each assignment; a writer with an older one is fenced. */
  @Column('bigint')
  epoch!: string;
}
