/** How long to wait before the n-th repetition: doubling, bounded, and spread so that many clients do not return together. */

export interface BackOff {
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
}

/** Pause before repetition `count` (0 is the first). Milliseconds: between half and the whole of the doubled pause. */
export function pauseMs(backOff: BackOff, count: number, random: () => number = Math.random): number {
  const whole = Math.min(backOff.pauseMsMax, backOff.pauseMsMin * 2 ** Math.min(count, 30));
  return whole / 2 + (whole / 2) * random();
}
