/** Follows the configured file, if any, and brings its lines to the bus, however long that takes. */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BusError, type Logger, type LogRecord } from '@muster/contracts';
import { Gauge, type Registry } from 'prom-client';
import type { LogPublisher } from '../publish/log-publisher.js';
import { FileFollower } from './file-follower.js';

export interface FollowServiceOptions {
  /** Undefined follows nothing. */
  readonly file: string | undefined;
  readonly dataDir: string;
  readonly producerId: string;
  readonly service: string;
  readonly lineBytesMax: number;
  readonly pollMs: number;
  readonly rotatedQuietMs: number;
  readonly publisher: Pick<LogPublisher, 'publish'>;
  readonly metrics: Registry;
  readonly logger: Logger;
}

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5000;

export class FollowService {
  private readonly path: string | null;
  private readonly follower: FileFollower | null;

  constructor(private readonly options: FollowServiceOptions) {
    const { file, dataDir, publisher: _publisher, metrics, ...rest } = options;
    this.path = file === undefined ? null : resolve(file);
    if (this.path === null) {
      this.follower = null;
      return;
    }
    // One position per path, so that a data directory can serve several files one after the other.
    const name = createHash('sha256').update(this.path).digest('hex').slice(0, 16);
    const follower = new FileFollower({ ...rest, path: this.path, statePath: join(resolve(dataDir), `follow-${name}.json`), publish: (records, signal) => this.deliver(records, signal) });
    this.follower = follower;
    const registers = [metrics];
    new Gauge({ name: 'producer_file_position_bytes', help: 'Acknowledged position in the followed file.', registers, collect() { this.set(follower.progress().offset); } });
    new Gauge({ name: 'producer_file_lag_bytes', help: 'Bytes of the followed file that are not acknowledged yet.', registers, collect() { this.set(follower.progress().lagBytes); } });
  }

  start(): void {
    this.follower?.start();
  }

  async stop(): Promise<void> {
    await this.follower?.stop();
  }

  progress(): { path: string; offset: number; lagBytes: number; fault: string | null } | null {
    return this.follower === null || this.path === null ? null : { path: this.path, ...this.follower.progress() };
  }

  /** Tries until the bus acknowledges. A record that the bus will never take is counted and left out, alone. */
  private async deliver(records: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        await this.options.publisher.publish(records, 'file');
        return;
      } catch (error) {
        if (error instanceof BusError && !error.retriable && records.length > 1) return this.deliverInHalves(records, signal);
        if (error instanceof BusError && !error.retriable && error.code === 'BUS_RECORD_TOO_LARGE') {
          this.options.logger.error({ err: error, id: records[0]?.id }, 'the bus refuses this record for good: it is left out');
          return;
        }
        if (attempt === 0) this.options.logger.warn({ err: error }, 'the bus does not take records: the file waits');
        await pause(Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempt, 10)), undefined, { signal });
      }
    }
  }

  private async deliverInHalves(records: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    const middle = Math.ceil(records.length / 2);
    await this.deliver(records.slice(0, middle), signal);
    await this.deliver(records.slice(middle), signal);
  }
}
