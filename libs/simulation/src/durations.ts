/** What is told of many durations. */
export interface Durations {
  readonly count: number;
  /** Milliseconds; null when there were none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  /** All of them, in no order, for adding up several runs. Milliseconds. */
  readonly values: readonly number[];
}

export function durations(values: readonly number[]): Durations {
  const sorted = values.toSorted((a, b) => a - b);
  // The nearest rank: with few values the 99th percentile is the greatest.
  const at = (share: number): number | null => {
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    return value === undefined ? null : Math.round(value);
  };
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), values };
}

export function together(all: readonly Durations[]): Durations {
  return durations(all.flatMap(({ values }) => values));
}
