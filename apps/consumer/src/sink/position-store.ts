/**
 * Where each partition stands, kept in the database beside what was stored from it.
 *
 * Each assignment raises the partition's epoch. Only the holder of the newest one can move the position, so a
 * consumer that slept through a rebalance cannot write any more, whatever it still believes.
 */
import { partitionKey, type TopicPartition } from '@muster/contracts';
import type { DataSource } from 'typeorm';
import type { Database } from '../database/database.js';

export interface StoredPosition {
  readonly epoch: bigint;
  /** Null before the first batch. */
  readonly nextOffset: bigint | null;
}

interface PositionRow {
  readonly topic: string;
  readonly topic_partition: number;
  readonly next_offset: string | null;
  readonly epoch: string;
}

const ASSIGN = `
  INSERT INTO bus_position (consumer_group, topic, topic_partition, epoch)
  SELECT $1, t, p, 1 FROM unnest($2::text[], $3::int[]) AS assigned(t, p) ORDER BY t, p
  ON CONFLICT (consumer_group, topic, topic_partition) DO UPDATE SET epoch = bus_position.epoch + 1, updated_at = now()
  RETURNING topic, topic_partition, next_offset, epoch`;

const READ = 'SELECT topic, topic_partition, next_offset, epoch FROM bus_position WHERE consumer_group = $1 AND topic = $2 AND topic_partition = $3';

const BEGIN_GENERATION = `
  UPDATE bus_position SET topic_generation = topic_generation + 1, next_offset = NULL, updated_at = now()
  WHERE consumer_group = $1 AND topic = $2 AND topic_partition = $3 AND epoch = $4`;

export class PositionStore {
  private readonly epochs = new Map<string, bigint>();

  constructor(
    private readonly database: Database,
    readonly group: string,
  ) {}

  /** Takes the partitions over and says where to read on. What a former holder still tries to write is refused from here on. */
  async assign(assigned: readonly TopicPartition[]): Promise<ReadonlyMap<string, bigint>> {
    const topics = assigned.map(({ topic }) => topic);
    const partitions = assigned.map(({ partition }) => partition);
    const rows = await this.database.use((dataSource) => queryRows<PositionRow>(dataSource, ASSIGN, [this.group, topics, partitions]));
    const positions = new Map<string, bigint>();
    for (const row of rows) {
      const key = partitionKey({ topic: row.topic, partition: row.topic_partition });
      this.epochs.set(key, BigInt(row.epoch));
      if (row.next_offset !== null) positions.set(key, BigInt(row.next_offset));
    }
    return positions;
  }

  /** The epoch under which this process holds the partition; null when it never did. */
  epochOf(at: TopicPartition): bigint | null {
    return this.epochs.get(partitionKey(at)) ?? null;
  }

  async read(dataSource: DataSource, at: TopicPartition): Promise<StoredPosition | null> {
    const [row] = await queryRows<PositionRow>(dataSource, READ, [this.group, at.topic, at.partition]);
    return row === undefined ? null : { epoch: BigInt(row.epoch), nextOffset: row.next_offset === null ? null : BigInt(row.next_offset) };
  }

  /** Counts the offsets of a topic that was made anew as new ones. */
  async beginGeneration(dataSource: DataSource, at: TopicPartition, epoch: bigint): Promise<void> {
    await dataSource.query(BEGIN_GENERATION, [this.group, at.topic, at.partition, String(epoch)]);
  }
}

export async function queryRows<Row>(dataSource: DataSource, sql: string, parameters: unknown[]): Promise<Row[]> {
  const rows: Row[] = await dataSource.query(sql, parameters);
  return rows;
}
