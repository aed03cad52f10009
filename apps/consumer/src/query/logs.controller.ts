/** `GET /logs`, `GET /logs/count`, `GET /events`: what was stored. */
import type { ClusterEvent } from '@muster/contracts';
import { AppError } from '@muster/observability';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { faultOf, reasonOf } from '../database/error-facts.js';
import { type Parsed, parseEventPage, parseLogFilter, parseLogPage } from './filters.js';
import { type ListOf, type LogItem, LogReader } from './log-reader.js';

const TIMES = ['from', 'to'];
const LOG_FILTERS = [...TIMES, 'level', 'service', 'q'];
const PAGE = ['limit', 'cursor'];

/** Every parameter is optional text; what is accepted is decided in `filters`. */
const parameters = (names: readonly string[]): MethodDecorator => (target, key, descriptor) => {
  for (const name of names) ApiQuery({ name, required: false, type: String })(target, key, descriptor);
};

@ApiTags('history')
@Controller()
export class LogsController {
  constructor(@Inject(LogReader) private readonly reader: LogReader) {}

  @Get('logs')
  @ApiOperation({ summary: 'Stored log records, newest first.' })
  @parameters([...LOG_FILTERS, ...PAGE])
  logs(@Query() query: unknown): Promise<ListOf<LogItem>> {
    return answered(this.reader.logs(accepted(parseLogPage(query))));
  }

  @Get('logs/count')
  @ApiOperation({ summary: 'How many stored log records match.' })
  @parameters(LOG_FILTERS)
  async count(@Query() query: unknown): Promise<{ count: number }> {
    return { count: await answered(this.reader.count(accepted(parseLogFilter(query)))) };
  }

  @Get('events')
  @ApiOperation({ summary: 'Stored membership events (CloudEvents), newest first.' })
  @parameters([...TIMES, 'nodeId', 'status', ...PAGE])
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
