/** `GET /logs`, `GET /logs/count`, `GET /events`: what was stored. */
import type { ClusterEvent } from '@muster/contracts';
import { AppError } from '@muster/observability';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { faultOf, reasonOf } from '../database/error-facts.js';
import { type Parsed, parseEventPage, parseLogFilter, parseLogPage } from './filters.js';
import { type ListOf, type LogItem, LogReader } from './log-reader.js';

@Controller()
export class LogsController {
  constructor(@Inject(LogReader) private readonly reader: LogReader) {}

  @Get('logs')
  logs(@Query() query: unknown): Promise<ListOf<LogItem>> {
    return answered(this.reader.logs(accepted(parseLogPage(query))));
  }

  @Get('logs/count')
  async count(@Query() query: unknown): Promise<{ count: number }> {
    return { count: await answered(this.reader.count(accepted(parseLogFilter(query)))) };
  }

  @Get('events')
  events(@Query() query: unknown): Promise<ListOf<ClusterEvent>> {
    return answered(this.reader.events(accepted(parseEventPage(query))));
  }
}

function accepted<T>(parsed: Parsed<T>): T {
  if (parsed.kind === 'rejected') throw new AppError('QUERY_INVALID', parsed.reason, { statusCode: 400 });
  return parsed.value;
}

async function answered<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (faultOf(cause) === 'timeout') throw new AppError('QUERY_TIMEOUT', 'the query took longer than database.statementTimeoutMs: narrow it by from and to', { statusCode: 503, cause });
    throw new AppError('DATABASE_DOWN', `the database does not answer: ${reasonOf(cause)}; try again shortly`, { statusCode: 503, cause });
  }
}
