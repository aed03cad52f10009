/**
 * Time that passes only from happening to happening, in whole milliseconds. What is due at the same time happens in the order in which
 * it was planned, so a run depends on nothing but its seed.
 *
 * A wheel with a slot for each of the next milliseconds, and a heap for what lies further off: planning and taking cost the same
 * however much is planned. A happening is a link of its slot's list, so nothing is allocated for one that is planned again and again.
 */

/** Something that will happen, once each time it is planned. It must not be planned again before it has happened. */
export abstract class Happening {
  /** The next one of the same millisecond: the clock's. */
  next: Happening | null = null;
  /** The clock's, while it is planned for later than the wheel reaches. */
  dueAtMs = 0;
  order = 0;

  abstract happen(nowMs: number): void;
}

export interface Planned {
  cancel(): void;
}

class Once extends Happening implements Planned {
  constructor(private run: (() => void) | null) {
    super();
  }

  happen(): void {
    const { run } = this;
    this.run = null;
    run?.();
  }

  cancel(): void {
    this.run = null;
  }
}

/** Slots of the wheel. Milliseconds, a power of two. */
const WHEEL_MS = 8192;
const SLOT = WHEEL_MS - 1;

export class VirtualClock {
  /** Happenings so far. Count. */
  steps = 0;
  private readonly heads = Array.from({ length: WHEEL_MS }, (): Happening | null => null);
  private readonly tails = Array.from({ length: WHEEL_MS }, (): Happening | null => null);
  private readonly later: Happening[] = [];
  /** When the first of them is due. */
  private laterAtMs = Infinity;
  private order = 0;
  private now = 0;

  nowMs(): number {
    return this.now;
  }

  /** Plans a happening, at the next whole millisecond; one in the past happens now. */
  plan(atMs: number, happening: Happening): void {
    const dueAtMs = Math.max(this.now, Math.ceil(atMs));
    if (dueAtMs - this.now < WHEEL_MS) return this.append(dueAtMs & SLOT, happening);
    happening.dueAtMs = dueAtMs;
    happening.order = this.order++;
    this.push(happening);
    this.laterAtMs = Math.min(this.laterAtMs, dueAtMs);
  }

  at(atMs: number, run: () => void): Planned {
    const once = new Once(run);
    this.plan(atMs, once);
    return once;
  }

  after(delayMs: number, run: () => void): Planned {
    return this.at(this.now + delayMs, run);
  }

  /** Lets everything happen that is due up to then. */
  runUntil(untilMs: number): void {
    const { heads } = this;
    for (;;) {
      if (this.laterAtMs - this.now < WHEEL_MS) this.takeLater();
      const slot = this.now & SLOT;
      // What happens may plan more for this very millisecond: the list grows while it is walked.
      for (let first = heads[slot] ?? null; first !== null; first = heads[slot] ?? null) this.take(slot, first);
      if (this.now >= untilMs) return;
      this.now += 1;
    }
  }

  private take(slot: number, first: Happening): void {
    this.heads[slot] = first.next;
    if (first.next === null) this.tails[slot] = null;
    first.next = null;
    this.steps += 1;
    first.happen(this.now);
  }

  private append(slot: number, happening: Happening): void {
    const tail = this.tails[slot];
    if (tail === null || tail === undefined) this.heads[slot] = happening;
    else tail.next = happening;
    this.tails[slot] = happening;
  }

  /** Takes into the wheel what it now reaches, before anything can be planned for the same millisecond. */
  private takeLater(): void {
    const { later } = this;
    for (let first = later[0]; first !== undefined && first.dueAtMs - this.now < WHEEL_MS; first = later[0]) {
      this.pop();
      this.append(first.dueAtMs & SLOT, first);
    }
    this.laterAtMs = later[0]?.dueAtMs ?? Infinity;
  }

  private push(happening: Happening): void {
    const { later } = this;
    let at = later.length;
    later.push(happening);
    while (at > 0) {
      const parentAt = (at - 1) >>> 1;
      const parent = later[parentAt];
      if (parent === undefined || !isBefore(happening, parent)) break;
      later[at] = parent;
      at = parentAt;
    }
    later[at] = happening;
  }

  private pop(): void {
    const { later } = this;
    const last = later.pop();
    if (last === undefined || later.length === 0) return;
    let at = 0;
    for (;;) {
      const left = later[2 * at + 1];
      const right = later[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      later[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    later[at] = last;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.dueAtMs < b.dueAtMs || (a.dueAtMs === b.dueAtMs && a.order < b.order);
}
