/** Reads stored records and events, newest first, page by page: a page begins where the last one ended, however many rows came since. */
import type { ClusterEvent, LogLevel, LogRecord } from '@muster/contracts';
import type { SelectQueryBuilder } from 'typeorm';
import type { Database } from '../database/database.js';
import { ClusterEventEntity } from '../database/entities/cluster-event.entity.js';
import { LogRecordEntity } from '../database/entities/log-record.entity.js';
import { encodeCursor } from './cursor.js';
import type { EventFilter, LogFilter, Page } from './filters.js';

export interface LogItem {
  readonly id: string;
  /** ISO 8601. */
  readonly time: string;
  readonly level: LogLevel;
  readonly service: string;
  readonly source: string;
  readonly producerId: string;
  readonly message: string;
  readonly attributes: LogRecord['attributes'];
}

export interface ListOf<T> {
  readonly items: readonly T[];
  /** For the next page; null on the last one. */
  readonly nextCursor: string | null;
}

export class LogReader {
  constructor(private readonly database: Database) {}

  async logs({ limit, cursor, ...filter }: LogFilter & Page): Promise<ListOf<LogItem>> {
    const rows = await this.database.use((dataSource) => {
      const query = filtered(dataSource.getRepository(LogRecordEntity).createQueryBuilder('log'), filter);
      if (cursor !== undefined) query.andWhere('(log.time, log.id) < (:cursorTime, :cursorId)', { cursorTime: new Date(cursor.timeUnixMs), cursorId: cursor.id });
      return query.orderBy('log.time', 'DESC').addOrderBy('log.id', 'DESC').limit(limit + 1).getMany();
    });
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      items: rows.slice(0, limit).map((row) => itemOf(row)),
      nextCursor: last === undefined ? null : encodeCursor({ timeUnixMs: last.time.getTime(), id: last.id }),
    };
  }

  count(filter: LogFilter): Promise<number> {
    return this.database.use((dataSource) => filtered(dataSource.getRepository(LogRecordEntity).createQueryBuilder('log'), filter).getCount());
  }

  async events({ limit, cursor, from, to, nodeId, status }: EventFilter & Page): Promise<ListOf<ClusterEvent>> {
    const rows = await this.database.use((dataSource) => {
      const query = dataSource.getRepository(ClusterEventEntity).createQueryBuilder('event');
      if (from !== undefined) query.andWhere('event.time >= :from', { from });
      if (to !== undefined) query.andWhere('event.time < :to', { to });
      if (nodeId !== undefined) query.andWhere('event.nodeId = :nodeId', { nodeId });
      if (status !== undefined) query.andWhere('event.toStatus IN (:...status)', { status });
      if (cursor !== undefined) query.andWhere('(event.time, event.eventId) < (:cursorTime, :cursorId)', { cursorTime: new Date(cursor.timeUnixMs), cursorId: cursor.id });
      return query.orderBy('event.time', 'DESC').addOrderBy('event.eventId', 'DESC').limit(limit + 1).getMany();
    });
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      items: rows.slice(0, limit).map(({ event }) => event),
      nextCursor: last === undefined ? null : encodeCursor({ timeUnixMs: last.time.getTime(), id: last.eventId }),
    };
  }
}

function filtered(query: SelectQueryBuilder<LogRecordEntity>, { from, to, level, service, q }: LogFilter): SelectQueryBuilder<LogRecordEntity> {
  if (from !== undefined) query.andWhere('log.time >= :from', { from });
  if (to !== undefined) query.andWhere('log.time < :to', { to });
  if (level !== undefined) query.andWhere('log.level IN (:...level)', { level });
  if (service !== undefined) query.andWhere('log.service = :service', { service });
  if (q !== undefined) query.andWhere('log.message ILIKE :q', { q: `%${q.toWellFormed().replaceAll('\u0000', '\uFFFD').replaceAll(/[\\%_]/g, String.raw`\$&`)}%` });
  return query;
}

const itemOf = ({ id, time, level, service, source, producerId, message, attributes }: LogRecordEntity): LogItem => ({
  id,
  time: time.toISOString(),
  level,
  service,
  source,
  producerId,
  message,
  attributes,
});
