/**
 * The slots in the order in which they must be looked at: a binary heap over columns.
 *
 * A time held here may be earlier than the true deadline, never later: a beat only writes its node's columns, and the slot is moved back
 * when its time comes. So beats do not touch the heap, and nobody passes over all nodes to find the earliest.
 */
import { grown } from './grown.js';

const ABSENT = -1;

export class DeadlineHeap {
  private atMs = new Float64Array(0);
  private position = new Int32Array(0);
  private order = new Int32Array(0);
  private size = 0;

  reserve(count: number): void {
    const before = this.position.length;
    this.atMs = grown(this.atMs, count);
    this.position = grown(this.position, count);
    this.order = grown(this.order, count);
    this.position.fill(ABSENT, before);
  }

  /** The slot that is due first; -1 when there is none. */
  first(): number {
    return this.size === 0 ? ABSENT : this.order[0]!;
  }

  /** When the slot is to be looked at. Infinity: not by itself. */
  dueMs(slot: number): number {
    return this.atMs[slot]!;
  }

  /** Adds a slot, or gives it another time. */
  set(slot: number, atMs: number): void {
    if (this.position[slot] === ABSENT) {
      this.position[slot] = this.size;
      this.order[this.size] = slot;
      this.size += 1;
      this.atMs[slot] = Infinity;
    }
    const wasMs = this.atMs[slot]!;
    this.atMs[slot] = atMs;
    if (atMs < wasMs) this.rise(slot);
    else this.sink(slot);
  }

  remove(slot: number): void {
    const place = this.position[slot]!;
    if (place === ABSENT) return;
    this.position[slot] = ABSENT;
    this.size -= 1;
    const last = this.order[this.size]!;
    if (last === slot) return;
    this.order[place] = last;
    this.position[last] = place;
    this.rise(last);
    this.sink(last);
  }

  private rise(slot: number): void {
    const { atMs, order, position } = this;
    const dueMs = atMs[slot]!;
    let place = position[slot]!;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = order[parent]!;
      if (atMs[above]! <= dueMs) break;
      order[place] = above;
      position[above] = place;
      place = parent;
    }
    order[place] = slot;
    position[slot] = place;
  }

  private sink(slot: number): void {
    const { atMs, order, position, size } = this;
    const dueMs = atMs[slot]!;
    let place = position[slot]!;
    for (let child = 2 * place + 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && atMs[order[child + 1]!]! < atMs[order[child]!]!) child += 1;
      const below = order[child]!;
      if (atMs[below]! >= dueMs) break;
      order[place] = below;
      position[below] = place;
      place = child;
    }
    order[place] = slot;
    position[slot] = place;
  }
}
