/**
 * The bus as members see it: records go in one by one, each into its partition, and come out in batches. It can be away (refuses records),
 * and each partition can stall alone (takes records, delivers none), as brokers do that are stopped or hang.
 */
import type { SimulatedBeat } from './simulated-beat.js';
import { type Link, LOST, type SimulatedNetwork } from './simulated-network.js';
import { Happening, type VirtualClock } from './virtual-clock.js';

export const BUS = 'bus';
export const PARTITIONS = 12;

/** Time between two fetches of the reader. Milliseconds. */
const FETCH_MS = 20;
/** A fetch that got lost is repeated after this. Milliseconds. */
const REFETCH_MS = 200;
/** Records of one partition kept while nobody can read them; then the oldest are lost, as retention does. Count. */
const RECORDS_MAX = 1_000_000;
/** Instead of a time: the bus is away, and says so. */
export const REFUSED = -1;

export interface SimulatedBusOptions {
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  /** Who reads. */
  readonly reader: string;
  readonly deliver: (partition: number, beats: readonly SimulatedBeat[]) => void;
}

/** What one fetch brings, by partition. Used again for a later one. */
class Batch extends Happening {
  readonly beats = Array.from({ length: PARTITIONS }, (): SimulatedBeat[] | null => null);
  /** Partitions that have some, in the order of their first. */
  readonly touched: number[] = [];
  slot = 0;

  constructor(private readonly bus: SimulatedBus) {
    super();
  }

  add(beat: SimulatedBeat, partition: number): void {
    const beats = this.beats[partition];
    if (beats !== null && beats !== undefined) {
      beats.push(beat);
      return;
    }
    // Most hold one: no room is made for more.
    this.beats[partition] = [beat];
    this.touched.push(partition);
  }

  happen(nowMs: number): void {
    this.bus.fetched(this, nowMs);
  }
}

export class SimulatedBus {
  private readonly batches = new Map<number, Batch>();
  /** The one that was added to last: mostly the next beat belongs there too. */
  private latest: Batch | null = null;
  private readonly spare: Batch[] = [];
  /** Records that could not be delivered yet, by partition. */
  private readonly backlogs: SimulatedBeat[][] = Array.from({ length: PARTITIONS }, () => []);
  private readonly stalledUntilMs = new Float64Array(PARTITIONS);
  private readonly toReader: Link;
  private awayUntilMs = 0;
  private heldUntilMs = 0;

  constructor(private readonly options: SimulatedBusOptions) {
    this.toReader = options.network.link(BUS, options.reader);
  }

  /** Takes records and delivers none for this long: one partition, or all of them. */
  stall(durationMs: number, partition?: number): void {
    const untilMs = this.options.clock.nowMs() + durationMs;
    if (partition === undefined) this.stalledUntilMs.fill(untilMs);
    else this.stalledUntilMs[partition] = untilMs;
    this.options.clock.at(untilMs, () => this.release());
  }

  /** Is stopped for this long; records that it has are kept. */
  stop(durationMs: number): void {
    this.awayUntilMs = this.options.clock.nowMs() + durationMs;
    this.hold(this.awayUntilMs);
  }

  get isUp(): boolean {
    return this.options.clock.nowMs() >= this.awayUntilMs;
  }

  /** When the sender learns that the record is stored: `LOST` never, `REFUSED` when the bus is away. */
  publish(beat: SimulatedBeat, partition: number, to: Link, back: Link): number {
    const { clock } = this.options;
    const nowMs = clock.nowMs();
    if (nowMs < this.awayUntilMs) return REFUSED;
    const duplicateMs = to.duplicateMs(nowMs);
    if (duplicateMs !== LOST) this.store(beat, partition, duplicateMs);
    const storedAtMs = to.arrivalMs(nowMs);
    if (storedAtMs === LOST) return LOST;
    this.store(beat, partition, storedAtMs);
    return back.arrivalMs(storedAtMs);
  }

  /** For the batch itself: its time has come. */
  fetched(batch: Batch, nowMs: number): void {
    this.batches.delete(batch.slot);
    if (this.latest === batch) this.latest = null;
    const arrivalMs = this.toReader.arrivalMs(nowMs);
    if (arrivalMs === LOST) this.hold(nowMs + REFETCH_MS);
    else if (arrivalMs > nowMs + REFETCH_MS) this.hold(arrivalMs);
    for (const partition of batch.touched) {
      this.deliver(partition, batch.beats[partition] ?? [], nowMs);
      // Whoever got it may keep it.
      batch.beats[partition] = null;
    }
    batch.touched.length = 0;
    this.spare.push(batch);
  }

  private store(beat: SimulatedBeat, partition: number, atMs: number): void {
    const slot = Math.ceil(atMs / FETCH_MS);
    if (this.latest?.slot !== slot) this.latest = this.batches.get(slot) ?? this.begin(slot);
    this.latest.add(beat, partition);
  }

  private begin(slot: number): Batch {
    const batch = this.spare.pop() ?? new Batch(this);
    batch.slot = slot;
    this.batches.set(slot, batch);
    this.options.clock.plan(slot * FETCH_MS, batch);
    return batch;
  }

  /** Delivers nothing until then. */
  private hold(untilMs: number): void {
    if (untilMs <= this.heldUntilMs) return;
    this.heldUntilMs = untilMs;
    this.options.clock.at(untilMs, () => this.release());
  }

  private release(): void {
    const nowMs = this.options.clock.nowMs();
    for (let partition = 0; partition < PARTITIONS; partition++) if ((this.backlogs[partition]?.length ?? 0) > 0) this.deliver(partition, [], nowMs);
  }

  private deliver(partition: number, beats: readonly SimulatedBeat[], nowMs: number): void {
    const backlog = this.backlogs[partition] ?? [];
    if (nowMs < this.heldUntilMs || nowMs < (this.stalledUntilMs[partition] ?? 0)) {
      for (const beat of beats) backlog.push(beat);
      if (backlog.length > RECORDS_MAX) backlog.splice(0, backlog.length - RECORDS_MAX);
      return;
    }
    if (backlog.length === 0) return this.options.deliver(partition, beats);
    this.backlogs[partition] = [];
    this.options.deliver(partition, [...backlog, ...beats]);
  }
}
