/**
 * The bus as members see it: records go in one by one and come out in batches. It can stall (takes records, delivers
 * none) or be away (refuses them), as a broker does that hangs or is stopped.
 */
import type { Beat } from '@muster/contracts';
import type { SimulatedNetwork } from './simulated-network.js';
import type { VirtualClock } from './virtual-clock.js';

export const BUS = 'bus';

/** How long a fetch waits for more records. Milliseconds. */
const BATCH_MS = 20;
/** Records kept while nobody can read them; then the oldest are lost, as retention does. Count. */
const RECORDS_MAX = 1_000_000;

export interface WideLaneOptions {
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  /** Who reads. */
  readonly reader: string;
  readonly deliver: (beats: readonly Beat[]) => void;
}

export class WideLane {
  private records: Beat[] = [];
  private isFetching = false;
  private stalledUntilMs = 0;
  private awayUntilMs = 0;

  constructor(private readonly options: WideLaneOptions) {}

  /** Takes records and delivers none for this long. */
  stall(durationMs: number): void {
    this.stalledUntilMs = this.options.clock.nowMs() + durationMs;
  }

  /** Is stopped for this long; records that it has are kept. */
  stop(durationMs: number): void {
    this.awayUntilMs = this.options.clock.nowMs() + durationMs;
  }

  get isUp(): boolean {
    return this.options.clock.nowMs() >= this.awayUntilMs;
  }

  /** False when it fails at once; `acknowledged` is called when the sender learns that the record is stored. */
  publish(from: string, beat: Beat, acknowledged: () => void): boolean {
    if (!this.isUp) return false;
    const { network } = this.options;
    network.send(from, BUS, 'publish', () => {
      if (!this.isUp) return;
      this.records.push(beat);
      if (this.records.length > RECORDS_MAX) this.records.shift();
      this.fetch(BATCH_MS);
      network.send(BUS, from, 'ack', acknowledged);
    });
    return true;
  }

  private fetch(waitMs: number): void {
    if (this.isFetching) return;
    this.isFetching = true;
    this.options.clock.after(waitMs, 'fetch', BUS, () => {
      const { clock, network, reader, deliver } = this.options;
      this.isFetching = false;
      const untilMs = Math.max(this.stalledUntilMs, this.awayUntilMs);
      if (clock.nowMs() < untilMs) return this.fetch(untilMs - clock.nowMs());
      if (network.isCut(BUS, reader)) return this.fetch(1000);
      const beats = this.records;
      this.records = [];
      network.stream(BUS, reader, 'batch', () => deliver(beats));
    });
  }
}
