/** Whether another worker is worth trying. Pure. */

/** So many deaths within the window, and workers are given up. */
const DEATHS_MAX = 3;
const WINDOW_MS = 60_000;

export class WorkerDeaths {
  private atMs: number[] = [];

  /** After a death at `nowMs`: where the next engine runs. */
  next(nowMs: number): 'worker' | 'in-thread' {
    this.atMs = [...this.atMs.filter((deathMs) => nowMs - deathMs < WINDOW_MS), nowMs];
    return this.atMs.length < DEATHS_MAX ? 'worker' : 'in-thread';
  }
}
