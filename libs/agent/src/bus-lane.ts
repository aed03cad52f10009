/** The lane through the message bus: one record per beat, keyed by node, under a time limit. */
import { type Beat, encodeBeat, HEARTBEATS_TOPIC, type MessageBus } from '@muster/contracts';

/** Publishes that may be under way; beyond it the bus is taken for stuck. */
const UNDERWAY_MAX = 3;

export class BusLane {
  private underway = 0;

  constructor(
    private readonly bus: MessageBus,
    /** After this the beat goes another way, although the bus may deliver it still. Milliseconds, > 0. */
    private readonly timeLimitMs: number,
  ) {}

  /** Resolves when the bus has the beat; rejects when it does not take it in time. */
  async sendBeat(beat: Beat): Promise<void> {
    if (this.underway >= UNDERWAY_MAX) throw new Error(`${this.underway} beats wait for the bus already`);
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      limit = setTimeout(() => reject(new Error(`the bus took longer than ${this.timeLimitMs} ms`)), this.timeLimitMs);
    });
    try {
      await Promise.race([this.publish(beat), late]);
    } finally {
      clearTimeout(limit);
    }
  }

  /** Whatever goes wrong, a beat that cannot be written included, the place it took is free again. */
  private async publish(beat: Beat): Promise<void> {
    this.underway += 1;
    try {
      await this.bus.publish(HEARTBEATS_TOPIC.name, [{ key: beat.nodeId, value: encodeBeat(beat) }]);
    } finally {
      this.underway -= 1;
    }
  }
}
