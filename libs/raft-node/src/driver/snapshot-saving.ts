/**
 * Writes our own snapshots part by part, between the turns of the loop: one write of all of it would hold the loop, and every commit with it, for as long
 * as the disk takes for many megabytes. Decides in which order; a snapshot counts once its last step is done, and what a crash leaves of the steps
 * before is swept later.
 */
import { partAt, partsOf } from '../store/snapshot-parts.js';

export interface SaveOrder {
  readonly id: number;
  readonly index: number;
  readonly data: Uint8Array;
}

export interface SavingPorts {
  /** Writes a part durably; that alone changes nothing. */
  stage(index: number, part: number, bytes: Uint8Array): void;
  /** Makes it the snapshot, unless there is a later one. */
  finish(index: number, data: Uint8Array): void;
  /** Deletes some of what is of no use; false when there is nothing more. */
  sweep(): boolean;
  saved(id: number): void;
}

interface Job {
  readonly order: SaveOrder;
  /** Who is told when it is saved: those too whose own snapshot was not worth saving any more. */
  readonly ids: readonly number[];
}

export class SnapshotSaving {
  private job: Job | null = null;
  private part = 0;
  /** The latest that came meanwhile. */
  private next: Job | null = null;
  private isSweeping = false;

  constructor(private readonly ports: SavingPorts) {}

  /** True when somebody has to call `step` until it says that all is done; false when somebody does already. */
  save(order: SaveOrder): boolean {
    const isIdle = this.job === null && !this.isSweeping;
    if (this.job === null) this.begin({ order, ids: [order.id] });
    else this.next = { order, ids: [...(this.next?.ids ?? []), order.id] };
    return isIdle;
  }

  /** What others have left has to go, though no snapshot of ours is saved: after a crash, or when one came from elsewhere. True as for `save`. */
  sweep(): boolean {
    const isIdle = this.job === null && !this.isSweeping;
    this.isSweeping = true;
    return isIdle;
  }

  /** One transaction. True when there is more to do. */
  step(): boolean {
    const { job } = this;
    if (job === null) {
      this.isSweeping &&= this.ports.sweep();
      return this.isSweeping;
    }
    const { index, data } = job.order;
    if (this.part < partsOf(data)) {
      this.part += 1;
      this.ports.stage(index, this.part, partAt(data, this.part));
      return true;
    }
    this.ports.finish(index, data);
    this.job = null;
    this.isSweeping = true;
    for (const id of job.ids) this.ports.saved(id);
    if (this.next !== null) this.begin(this.next);
    return true;
  }

  private begin(job: Job): void {
    this.job = job;
    this.part = 0;
    this.next = null;
  }
}
