/** `GET /stats`: what this producer has done since it started. */
import { Controller, Get, Inject } from '@nestjs/common';
import { SERVICE_CONFIG } from '@muster/observability';
import type { ProducerConfig } from './config.js';
import { FollowService } from './follow/follow.service.js';
import { LogPublisher } from './publish/log-publisher.js';

export interface ProducerStats {
  readonly produced: number;
  readonly acknowledged: number;
  readonly failed: number;
  /** Rate that was asked for. Records per second. */
  readonly ratePerSecond: number;
  /** The followed file; null when there is none. */
  readonly file: { readonly path: string; readonly offset: number; readonly lagBytes: number; readonly fault: string | null } | null;
}

@Controller('stats')
export class StatsController {
  constructor(
    @Inject(LogPublisher) private readonly publisher: LogPublisher,
    @Inject(FollowService) private readonly follow: FollowService,
    @Inject(SERVICE_CONFIG) private readonly config: ProducerConfig,
  ) {}

  @Get()
  stats(): ProducerStats {
    return { ...this.publisher.totals(), ratePerSecond: this.config.producer.ratePerSecond, file: this.follow.progress() };
  }
}
