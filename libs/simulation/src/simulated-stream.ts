/**
 * One direction of a connection: what is lost is sent again, everything arrives once and in order, and what is behind a loss waits for it.
 * A way that is cut keeps it all until it is whole again, or until the stream is closed.
 */
import { type Link, LOST } from './simulated-network.js';
import { Happening, type VirtualClock } from './virtual-clock.js';

/** First pause before something is sent again; each one after that is twice as long. Milliseconds. */
const RETRANSMIT_MS = 200;
const RETRANSMIT_MS_MAX = 10_000;
/** What waits behind a loss. Beyond, the oldest is lost, as the sender's own queue would. Count. */
const WAITING_MAX = 1000;

/** One message that will arrive. */
class Delivery extends Happening {
  constructor(
    private readonly stream: SimulatedStream,
    private readonly deliver: () => void,
  ) {
    super();
  }

  happen(): void {
    if (this.stream.isOpen) this.deliver();
  }
}

export class SimulatedStream {
  isOpen = true;
  private waiting: (() => void)[] = [];
  private lastArrivalMs = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly link: Link,
  ) {}

  send(deliver: () => void): void {
    if (!this.isOpen) return;
    if (this.waiting.length === 0) {
      const atMs = this.link.arrivalMs(this.clock.nowMs());
      if (atMs !== LOST) return this.arrive(atMs, deliver);
      this.clock.after(RETRANSMIT_MS, () => this.attempt(2 * RETRANSMIT_MS));
    }
    // Otherwise a repetition is under way, and takes this one along.
    this.waiting.push(deliver);
    if (this.waiting.length > WAITING_MAX) this.waiting.shift();
  }

  /** Nothing that was sent arrives any more. */
  close(): void {
    this.isOpen = false;
    this.waiting = [];
  }

  private attempt(againAfterMs: number): void {
    if (!this.isOpen) return;
    const atMs = this.link.arrivalMs(this.clock.nowMs());
    if (atMs === LOST) {
      this.clock.after(againAfterMs, () => this.attempt(Math.min(2 * againAfterMs, RETRANSMIT_MS_MAX)));
      return;
    }
    const { waiting } = this;
    this.waiting = [];
    for (const deliver of waiting) this.arrive(atMs, deliver);
  }

  /** After everything that was sent before. */
  private arrive(atMs: number, deliver: () => void): void {
    this.lastArrivalMs = Math.max(atMs, this.lastArrivalMs);
    this.clock.plan(this.lastArrivalMs, new Delivery(this, deliver));
  }
}
