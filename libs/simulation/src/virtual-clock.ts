/**
 * Time that passes only from event to event. Events at the same time happen in the order in which they were planned, so a
 * run depends on nothing but its seed.
 */
export interface Planned {
  cancel(): void;
}

export interface Step {
  readonly atMs: number;
  /** What kind of event it was, and whom it concerned. */
  readonly kind: string;
  readonly subject: string;
}

interface Event extends Step {
  readonly order: number;
  run: (() => void) | null;
}

export class VirtualClock {
  private readonly heap: Event[] = [];
  private order = 0;
  private now = 0;

  nowMs(): number {
    return this.now;
  }

  /** Plans an event; one in the past happens now. */
  at(atMs: number, kind: string, subject: string, run: () => void): Planned {
    const event: Event = { atMs: Math.max(this.now, atMs), kind, subject, order: this.order++, run };
    this.push(event);
    // A cancelled event stays where it is until its time comes: removing it would cost more.
    return { cancel: () => (event.run = null) };
  }

  after(delayMs: number, kind: string, subject: string, run: () => void): Planned {
    return this.at(this.now + delayMs, kind, subject, run);
  }

  /** Runs the next event that lies not after `untilMs`, and tells which; null when there is none. */
  step(untilMs: number): Step | null {
    for (let event = this.heap[0]; event !== undefined && event.atMs <= untilMs; event = this.heap[0]) {
      this.pop();
      const { run } = event;
      if (run === null) continue;
      this.now = event.atMs;
      run();
      return event;
    }
    this.now = Math.max(this.now, untilMs);
    return null;
  }

  private push(event: Event): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parentAt = (at - 1) >>> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !isBefore(event, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = event;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
