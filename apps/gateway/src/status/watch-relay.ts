/**
 * `/cluster/watch` at the gateway: the live view passed on to any number of readers over one stream from a coordinator.
 *
 * Each reader begins with a snapshot. While no coordinator is heard, a pulse each second tells that this gateway lives
 * and what it makes of the quorum. A reader that does not keep up is dropped; it comes back and gets a snapshot.
 */
import type { ServerResponse } from 'node:http';
import type { ClusterStatus, WatchMessage } from '@muster/contracts';
import { AppError } from '@muster/observability';
import type { OnModuleDestroy } from '@nestjs/common';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ViewKeeper } from '../view/view-keeper.js';

const PULSE_MS = 1000;
/** Unread bytes at which a reader has fallen behind. A snapshot of ten thousand members fits. */
const UNREAD_BYTES_MAX = 32 * 1024 * 1024;

export interface WatchRelayOptions {
  readonly view: ViewKeeper;
  /** Readers at once. Count, >= 0. */
  readonly watchersMax: number;
  readonly metrics: Registry;
}

export class WatchRelay implements OnModuleDestroy {
  private readonly readers = new Set<ServerResponse>();
  private readonly dropped: Counter;
  private readonly timer: NodeJS.Timeout;
  private lastSentMs = Number.NEGATIVE_INFINITY;
  private isEnding = false;

  constructor(private readonly options: WatchRelayOptions) {
    const { view, metrics } = options;
    const registers = [metrics];
    const { readers } = this;
    new Gauge({ name: 'gateway_watchers', help: 'Readers of the live view', registers, collect() { this.set(readers.size); } });
    this.dropped = new Counter({ name: 'gateway_watchers_dropped_total', help: 'Readers that did not keep up', registers });
    view.listen((message) => this.send(message));
    this.timer = setInterval(() => this.fillSilence(), PULSE_MS).unref();
  }

  /** Throws when no further reader is taken; to be called before the response is taken over. */
  admit(): void {
    if (this.isEnding) throw new AppError('GATEWAY_ENDING', 'this gateway is shutting down: use another one', { statusCode: 503 });
    if (this.readers.size >= this.options.watchersMax) throw new AppError('STREAMS_EXHAUSTED', `${this.readers.size} streams are open, at most ${this.options.watchersMax} are served: close some, or raise gateway.watchersMax`, { statusCode: 503 });
  }

  add(response: ServerResponse, status: ClusterStatus): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    response.on('error', () => {}).on('close', () => this.readers.delete(response));
    response.write(frame({ kind: 'snapshot', status }, status.index));
    this.readers.add(response);
  }

  onModuleDestroy(): void {
    this.isEnding = true;
    clearInterval(this.timer);
    for (const reader of this.readers) reader.end();
  }

  private send(message: WatchMessage): void {
    this.lastSentMs = performance.now();
    if (this.readers.size === 0) return;
    const text = frame(message, message.kind === 'snapshot' ? message.status.index : message.index);
    for (const reader of this.readers) {
      if (reader.writableLength <= UNREAD_BYTES_MAX) reader.write(text);
      else {
        this.dropped.inc();
        reader.destroy();
      }
    }
  }

  private fillSilence(): void {
    const status = this.readers.size === 0 ? null : this.options.view.status();
    if (status === null || performance.now() - this.lastSentMs < PULSE_MS) return;
    const { hasQuorum, leaderId, index, term } = status;
    this.send({ kind: 'pulse', hasQuorum, leaderId, index, term, pulses: [] });
  }
}

function frame(message: WatchMessage, index: number): string {
  return `event: ${message.kind}\nid: ${index}\ndata: ${JSON.stringify(message)}\n\n`;
}
