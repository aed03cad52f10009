/** Results of simulations, for people. */
import type { Durations } from './durations.js';
import { seconds } from './goals.js';
import type { SimulationResult } from './simulate.js';

const COLUMNS = ['scenario', 'node-hours', 'kill -9 to DOWN', 'host gone to DOWN', 'crash to SUSPECT', 'wrong SUSPECT (/node-h)', 'for', 'wrong DOWN', 'hash'] as const;

export function toTable(results: readonly SimulationResult[]): string {
  const rows = [COLUMNS as readonly string[], ...results.map(row)];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  const lines = rows.map((cells) => cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ').trimEnd());
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return [...lines, '', 'Durations: p50 / p99 (count).', ...missed(results), ...results.flatMap(broken)].join('\n');
}

function row(result: SimulationResult): string[] {
  if (result.kind === 'broken') return [result.scenario, 'BROKEN', '', '', '', '', '', '', result.hash];
  const { figures } = result;
  return [
    result.scenario,
    figures.nodeHours.toFixed(1),
    span(figures.processCrashToDown),
    span(figures.hostCrashToDown),
    span(figures.crashToSuspect),
    `${figures.wrongSuspects} (${figures.wrongSuspectsPerNodeHour.toFixed(2)})`,
    span(figures.wrongSuspectMs),
    String(figures.wrongDowns),
    result.hash,
  ];
}

function missed(results: readonly SimulationResult[]): string[] {
  const lines = results.flatMap((result) => (result.kind === 'broken' ? [] : result.goals.filter(({ isMet }) => !isMet).map(({ what, limit, figure }) => `  ${result.scenario}: ${what} is ${figure}, the goal is ${limit}`)));
  return lines.length === 0 ? ['All goals met.'] : ['Goals missed:', ...lines];
}

function broken(result: SimulationResult): string[] {
  if (result.kind === 'completed') return [];
  return ['', `INVARIANT BROKEN in ${result.scenario}, seed ${result.seed}, at ${seconds(result.atMs)}: ${result.claim}`, ...result.trace.map((line) => `  ${line}`), `Again: ${result.rerun}`];
}

function span({ count, p50Ms, p99Ms }: Durations): string {
  return p50Ms === null || p99Ms === null ? '-' : `${seconds(p50Ms)} / ${seconds(p99Ms)} (${count})`;
}
