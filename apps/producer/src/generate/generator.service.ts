/**
 * Runs the generator at the set rate: one timer, armed for the moment when the next record is due.
 *
 * Gives records up, and counts them, while too many wait for the bus: made-up records are worth no memory.
 */
import { setTimeout as later, clearTimeout } from 'node:timers';
import type { Logger, LogRecord } from '@muster/contracts';
import { Counter, type Registry } from 'prom-client';
import type { LogPublisher } from '../publish/log-publisher.js';
import { timeOrderedId } from '../publish/record-id.js';
import { LogGenerator } from './log-generator.js';
import { Pacer } from './pacer.js';

/** Lateness that is caught up; longer pauses are skipped. */
const LATE_MS_MAX = 500;
/** At high rates records go out in one batch per this time. */
const TICK_MS_MIN = 10;

export interface GeneratorOptions {
  readonly publisher: LogPublisher;
  /** Records per second; 0 makes none. */
  readonly ratePerSecond: number;
  readonly producerId: string;
  readonly metrics: Registry;
  readonly logger: Logger;
}

export class GeneratorService {
  private readonly generator = new LogGenerator(Math.random);
  private readonly skipped: Counter<'reason'>;
  private timer: NodeJS.Timeout | null = null;
  private pacer: Pacer | null = null;
  private skippedReported = 0;
  private failing = false;
  private batches = 0;
  /** The latest batch that the bus took. */
  private takenBatch = 0;

  constructor(private readonly options: GeneratorOptions) {
    this.skipped = new Counter({ name: 'producer_records_skipped_total', help: 'Records not made: after a pause, or because too many waited for the bus.', labelNames: ['reason'], registers: [options.metrics] });
  }

  start(): void {
    if (this.options.ratePerSecond === 0 || this.pacer !== null) return;
    this.pacer = new Pacer({ ratePerSecond: this.options.ratePerSecond, lateMsMax: LATE_MS_MAX }, performance.now());
    this.arm(this.pacer);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.pacer = null;
  }

  private arm(pacer: Pacer): void {
    this.timer = later(() => this.tick(pacer), Math.max(TICK_MS_MIN, pacer.nextAtMs() - performance.now()));
  }

  private tick(pacer: Pacer): void {
    const due = pacer.take(performance.now());
    this.skipped.inc({ reason: 'pause' }, pacer.skipped() - this.skippedReported);
    this.skippedReported = pacer.skipped();
    if (due > 0 && this.options.publisher.hasRoomFor(due)) void this.send(due);
    else if (due > 0) this.skipped.inc({ reason: 'backpressure' }, due);
    this.arm(pacer);
  }

  private async send(count: number): Promise<void> {
    const batch = ++this.batches;
    const nowUnixMs = Date.now();
    const records = Array.from({ length: count }, (): LogRecord => ({ v: 1, id: timeOrderedId(nowUnixMs), producerId: this.options.producerId, ...this.generator.next(nowUnixMs) }));
    try {
      await this.options.publisher.publish(records, 'generated');
      if (this.failing) this.options.logger.info({}, 'the bus takes records again');
      this.failing = false;
      this.takenBatch = Math.max(this.takenBatch, batch);
    } catch (error) {
      // Counted by the publisher; said once per outage, not once per record: what was sent in an outage fails long after it ended.
      if (batch < this.takenBatch) return;
      if (!this.failing) this.options.logger.warn({ err: error }, 'the bus does not take records; those made meanwhile are lost and counted');
      this.failing = true;
    }
  }
}
