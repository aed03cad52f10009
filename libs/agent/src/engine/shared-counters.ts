/**
 * Numbers that the main thread and the worker both see at any time, also while the other one stands still.
 *
 * Counting here costs no messages, so nothing piles up before a main loop that is frozen, and a worker that died leaves its counts
 * to the next one.
 */
const SLOTS = [
  /** Grows while the main loop moves. */
  'mainMark',
  /** Of the last beat that was made. */
  'seq',
  /** 1 once the cluster told which incarnation it holds. */
  'incarnationSettled',
  /** 0 none, 1 bus, 2 direct: what takes beats now. */
  'laneInUse',
  /** Coordinators that hear us directly. */
  'lanesOpen',
  /** Coordinators that should. */
  'lanesWanted',
  'laneOpens',
  'sentDirect',
  'failedDirect',
  'missed',
  'laneMessagesDropped',
  /** Port that probes are answered on, so that a new worker takes the old one's. */
  'probePort',
  'probesServed',
  'probesMade',
  'probesDeclined',
  'mainLagMs',
  'logsTaken',
] as const;
export type Slot = (typeof SLOTS)[number];

const INDEX = new Map<Slot, number>(SLOTS.map((slot, index) => [slot, index]));

export class SharedCounters {
  private readonly numbers: Int32Array;

  constructor(readonly buffer = new SharedArrayBuffer(SLOTS.length * Int32Array.BYTES_PER_ELEMENT)) {
    this.numbers = new Int32Array(buffer);
  }

  get(slot: Slot): number {
    return Atomics.load(this.numbers, INDEX.get(slot) as number);
  }

  set(slot: Slot, value: number): void {
    Atomics.store(this.numbers, INDEX.get(slot) as number, value);
  }

  /** The new value. */
  add(slot: Slot, by = 1): number {
    return Atomics.add(this.numbers, INDEX.get(slot) as number, by) + by;
  }
}
