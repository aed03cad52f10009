/** What every benchmark returns, and how it is shown: a table with its conditions for people, JSON for machines. */

export interface BenchResult {
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  /** Samples behind the numbers. */
  readonly n: number;
  /** A single number, or the spread of a sample: one of the two. */
  readonly value?: number;
  readonly p50?: number;
  readonly p90?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly max?: number;
  /** The longest standstill that is forgiven at these settings: a detection time means nothing without it. */
  readonly pauseTolerated?: string;
  /** The other system in the same run, if this row is about one. */
  readonly peer?: string;
}

export interface BenchReport {
  readonly bench: string;
  readonly conditions: Readonly<Record<string, string | number>>;
  readonly results: readonly BenchResult[];
}

/** Nearest-rank percentiles of a sample. */
export function spread(samples: readonly number[]): Required<Pick<BenchResult, 'n' | 'p50' | 'p90' | 'p95' | 'p99' | 'max'>> {
  if (samples.length === 0) throw new Error('a spread needs at least one sample');
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { n: sorted.length, p50: rank(0.5), p90: rank(0.9), p95: rank(0.95), p99: rank(0.99), max: sorted.at(-1)! };
}

const show = (value: number | undefined): string => {
  if (value === undefined) return '';
  return Math.abs(value) >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
};

export function toTable(report: BenchReport): string {
  const header = ['case', 'metric', 'unit', 'n', 'value', 'p50', 'p90', 'p95', 'p99', 'max', 'pause tolerated', 'peer'];
  const rows = report.results.map((row) => [row.case, row.metric, row.unit, String(row.n), show(row.value), show(row.p50), show(row.p90), show(row.p95), show(row.p99), show(row.max), row.pauseTolerated ?? '', row.peer ?? '']);
  const kept = header.map((_, column) => column < 4 || rows.some((row) => row[column] !== ''));
  const lines = [header, ...rows].map((row) => row.filter((_, column) => kept[column]));
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const textual = (column: number): boolean => column < 3;
  const draw = (line: string[]): string => line.map((cell, column) => (textual(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ').trimEnd();
  const conditions = Object.entries(report.conditions).map(([name, value]) => `  ${name}: ${value}`);
  return [`${report.bench}`, ...conditions, '', draw(lines[0]!), widths.map((width) => '-'.repeat(width)).join('  '), ...lines.slice(1).map(draw)].join('\n');
}
