/**
 * When the next beat is due: on a grid laid once from the first beat, so that late timers do not add up.
 *
 * Grid points that a busy or paused process slept through are skipped and counted, never made up for: a burst of
 * old beats would tell nothing.
 */
export interface NextBeat {
  readonly atMs: number;
  /** Grid points passed over since `lastMs`. Count, >= 0. */
  readonly missed: number;
}

/** `firstMs` is the grid's origin, `lastMs` the grid point of the beat just made; all on the monotonic clock. */
export function nextBeat(grid: { readonly firstMs: number; readonly intervalMs: number }, lastMs: number, nowMs: number): NextBeat {
  const { firstMs, intervalMs } = grid;
  const lastIndex = Math.round((lastMs - firstMs) / intervalMs);
  const nextIndex = Math.max(lastIndex + 1, Math.floor((nowMs - firstMs) / intervalMs) + 1);
  return { atMs: firstMs + nextIndex * intervalMs, missed: nextIndex - lastIndex - 1 };
}
