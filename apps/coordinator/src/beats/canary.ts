/** How long ago our own beat came back through each partition of the heartbeats topic; for people, who judges has its own notes. */
import { HEARTBEATS_TOPIC } from '@muster/contracts';
import type { Clock } from '../clock.js';

export class Canary {
  private readonly backAtMs: number[];

  constructor(private readonly clock: Clock) {
    this.backAtMs = Array.from({ length: HEARTBEATS_TOPIC.partitionCount }, () => clock.nowMs());
  }

  back(partition: number): void {
    this.backAtMs[partition] = this.clock.nowMs();
  }

  /** By partition, since our start where it never came back. Milliseconds. */
  agesMs(): readonly number[] {
    const nowMs = this.clock.nowMs();
    return this.backAtMs.map((atMs) => nowMs - atMs);
  }
}
