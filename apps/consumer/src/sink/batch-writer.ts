/**
 * Stores a batch exactly once: its rows and its position in one statement, which happens as a whole or not at all.
 *
 * Repeats after a crash find the position moved and store nothing; a record sent twice by its producer is dropped by
 * its id; a consumer that was replaced is refused by its epoch. Records that can never be stored go to the dead-letter
 * topic, their neighbours are stored. While the database is away the batch waits.
 */
import { type BusRecord, partitionKey, type RecordBatch, RetryLater } from '@muster/contracts';
import type { DataSource } from 'typeorm';
import type { Database } from '../database/database.js';
import { faultOf, reasonOf } from '../database/error-facts.js';
import { type PositionStore, queryRows } from './position-store.js';
import { storableJson } from './postgres-text.js';
import type { SinkMetrics } from './sink-metrics.js';
import type { DecodedRow, SinkTable } from './sink-table.js';

export interface BatchWriterParts {
  readonly database: Database;
  readonly positions: PositionStore;
  readonly table: SinkTable;
  readonly metrics: SinkMetrics;
  /** Told of each batch, so that failures lower the health score. */
  readonly operation: (ok: boolean) => void;
}

/** Part of a batch: contiguous records with what they decoded to. */
interface Span {
  readonly records: readonly BusRecord[];
  readonly rows: readonly DecodedRow[];
}

interface Attempt {
  readonly moved: boolean;
  readonly stored: number;
}

/** Times that a span is tried when the position is not where it was expected; each time the position is read anew. */
const SURPRISES_MAX = 5;

export class BatchWriter {
  private readonly statement: string;
  /** Dead letters of batches that are not stored yet, by partition: a batch that comes again does not send them again. */
  private readonly setAside = new Map<string, Set<bigint>>();

  private readonly database: Database;
  private readonly positions: PositionStore;
  private readonly table: SinkTable;
  private readonly metrics: SinkMetrics;

  constructor(private readonly parts: BatchWriterParts) {
    ({ database: this.database, positions: this.positions, table: this.table, metrics: this.metrics } = parts);
    this.statement = statementFor(parts.table);
  }

  /** Resolves when every record is stored or set aside; rejects with `RetryLater` while that is not possible. */
  async write(batch: RecordBatch): Promise<void> {
    if (batch.isStale()) return;
    const epoch = this.positions.epochOf(batch);
    if (epoch === null) throw new RetryLater(`${partitionKey(batch)} has no position yet`);
    const rows = batch.records.map((record) => this.table.decode(record));
    try {
      await this.setPoisonAside(batch, rows);
      await this.database.use((dataSource) => this.store(dataSource, batch, epoch, { records: batch.records, rows }));
      this.setAside.delete(partitionKey(batch));
      this.parts.operation(true);
    } catch (error) {
      this.parts.operation(false);
      throw error instanceof RetryLater ? error : new RetryLater(reasonOf(error), { cause: error });
    }
  }

  private async setPoisonAside(batch: RecordBatch, rows: readonly DecodedRow[]): Promise<void> {
    for (const [index, decoded] of rows.entries()) {
      const record = batch.records[index];
      if (decoded.kind === 'poison' && record !== undefined) await this.deadLetter(batch, record, decoded.reason);
    }
  }

  private async deadLetter(batch: RecordBatch, record: BusRecord, reason: string): Promise<void> {
    const key = partitionKey(batch);
    const sent = this.setAside.get(key) ?? new Set<bigint>();
    if (sent.has(record.offset)) return;
    await batch.deadLetter(record, reason);
    this.setAside.set(key, sent.add(record.offset));
    this.metrics.deadLettered(batch.topic, 1);
  }

  /** Stores the span; if one of its values cannot be stored, halves it until that record stands alone. */
  private async store(dataSource: DataSource, batch: RecordBatch, epoch: bigint, span: Span): Promise<void> {
    try {
      await this.storeWhole(dataSource, batch, epoch, span);
      return;
    } catch (error) {
      if (faultOf(error) !== 'data') throw error;
      const [only] = span.records;
      if (span.records.length === 1 && only !== undefined) {
        await this.deadLetter(batch, only, `cannot be stored: ${reasonOf(error)}`);
        await this.storeWhole(dataSource, batch, epoch, { records: span.records, rows: [] });
        return;
      }
    }
    await batch.heartbeat();
    const middle = Math.ceil(span.records.length / 2);
    await this.store(dataSource, batch, epoch, sliceOf(span, 0, middle));
    await this.store(dataSource, batch, epoch, sliceOf(span, middle));
  }

  private async storeWhole(dataSource: DataSource, batch: RecordBatch, epoch: bigint, whole: Span): Promise<void> {
    let span = whole;
    for (let surprises = 0; surprises < SURPRISES_MAX; surprises++) {
      if (span.records.length === 0) return;
      const startMs = performance.now();
      const attempt = await this.attempt(dataSource, batch, epoch, span);
      if (attempt.moved) {
        const rowCount = span.rows.filter(({ kind }) => kind === 'row').length;
        this.metrics.stored(batch.topic, { stored: attempt.stored, duplicates: rowCount - attempt.stored, seconds: (performance.now() - startMs) / 1000 });
        return;
      }
      span = await this.afterSurprise(dataSource, batch, epoch, span);
    }
    throw new RetryLater(`the position of ${partitionKey(batch)} keeps moving: another consumer writes it`);
  }

  private async attempt(dataSource: DataSource, batch: RecordBatch, epoch: bigint, { records, rows }: Span): Promise<Attempt> {
    const first = records[0]?.offset ?? 0n;
    const next = (records.at(-1)?.offset ?? -1n) + 1n;
    const values = rows.flatMap((decoded) => (decoded.kind === 'row' ? [decoded.row] : []));
    const parameters = [this.positions.group, batch.topic, batch.partition, String(epoch), String(first), String(next), storableJson(values)];
    const [answer] = await queryRows<{ moved: number; stored: number }>(dataSource, this.statement, parameters);
    return { moved: answer?.moved === 1, stored: answer?.stored ?? 0 };
  }

  /** The position was not where this batch begins: finds out why, and returns what is left to store. */
  private async afterSurprise(dataSource: DataSource, batch: RecordBatch, epoch: bigint, span: Span): Promise<Span> {
    const stored = await this.positions.read(dataSource, batch);
    if (stored === null || stored.epoch !== epoch) {
      this.metrics.fenced(batch.topic);
      throw new RetryLater(`${partitionKey(batch)} was taken over: this assignment has epoch ${epoch}, the newest is ${stored?.epoch ?? 'unknown'}`);
    }
    const { nextOffset } = stored;
    if (nextOffset === null) return span;
    if (batch.highWatermark < nextOffset) {
      // The partition ends before what was stored from it: its topic was made anew, and its offsets are new ones.
      this.metrics.topicRecreated(batch, nextOffset);
      await this.positions.beginGeneration(dataSource, batch, epoch);
      return span;
    }
    const fresh = span.records.findIndex((record) => record.offset >= nextOffset);
    const repeated = fresh === -1 ? span.records.length : fresh;
    this.metrics.repeated(batch.topic, repeated);
    return sliceOf(span, repeated);
  }
}

function sliceOf({ records, rows }: Span, from: number, to?: number): Span {
  return { records: records.slice(from, to), rows: rows.slice(from, to) };
}

/** $1 group, $2 topic, $3 partition, $4 epoch, $5 first offset, $6 next offset, $7 rows. */
const statementFor = (table: SinkTable): string => `
  WITH moved AS (
    UPDATE bus_position SET next_offset = $6, updated_at = now()
    WHERE consumer_group = $1 AND topic = $2 AND topic_partition = $3 AND epoch = $4 AND (next_offset IS NULL OR next_offset <= $5)
    RETURNING topic_generation
  ), ${table.insert}
  SELECT (SELECT count(*) FROM moved)::int AS moved, (SELECT count(*) FROM stored)::int AS stored`;
