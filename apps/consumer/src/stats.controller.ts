/** `GET /stats`: what this consumer has stored since it started, and how far behind it is. */
import { Controller, Get, Inject } from '@nestjs/common';
import type { DatabaseState } from './database/database.js';
import { ConsumerState } from './consumer-state.js';
import type { SinkTotals } from './sink/sink-metrics.js';

export interface ConsumerStats extends SinkTotals {
  /** Records not stored yet in the partitions held; null while unknown. */
  readonly lag: number | null;
  readonly partitions: readonly string[];
  readonly database: DatabaseState;
}

@Controller('stats')
export class StatsController {
  constructor(@Inject(ConsumerState) private readonly state: ConsumerState) {}

  @Get()
  stats(): ConsumerStats {
    return this.state.stats();
  }
}
