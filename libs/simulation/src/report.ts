/** Results of simulations, for people. */
import type { Durations } from './durations.js';
import { seconds } from './goals.js';
import type { SimulationResult } from './simulate.js';
import type { Totals } from './totals.js';

const COLUMNS = ['scenario', 'runs', 'node-hours', 'kill -9 to DOWN', 'host gone to DOWN', 'still to SUSPECT', 'wrong SUSPECT (/node-h)', 'for', 'wrong DOWN', 'goals'] as const;

export function toTable(all: readonly Totals[]): string {
  return [table([COLUMNS, ...all.map(row)]), '', 'Durations: p50 / p99 / most (count).', ...heldUp(all), ...missed(all)].join('\n');
}

/** Lines of cells, the first underlined, columns aligned. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  const lines = rows.map((cells) => cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ').trimEnd());
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return lines.join('\n');
}

export function explainBroken(result: Extract<SimulationResult, { kind: 'broken' }>): string {
  return ['', `INVARIANT BROKEN in ${result.scenario}, seed ${result.seed}, at ${seconds(result.atMs)}: ${result.claim}`, ...result.trace.map((line) => `  ${line}`), `Again: ${result.rerun}`].join('\n');
}

export function explainWrong(result: Extract<SimulationResult, { kind: 'completed' }>): string {
  return [`  ${result.scenario}, seed ${result.seed}: ${result.figures.wrongDowns} wrong DOWN. Again: ${result.rerun} --trace`].join('\n');
}

function row({ scenario, runs, broken, figures, goals }: Totals): string[] {
  const met = goals.filter(({ isMet }) => isMet).length;
  return [
    scenario,
    String(runs),
    figures.nodeHours.toFixed(1),
    span(figures.processCrashToDown),
    span(figures.hostCrashToDown),
    span(figures.freezeToSuspect),
    `${figures.wrongSuspects} (${figures.wrongSuspectsPerNodeHour.toFixed(3)})`,
    span(figures.wrongSuspectMs),
    String(figures.wrongDowns),
    broken > 0 ? `${broken} BROKEN` : `${met} of ${goals.length}`,
  ];
}

function missed(all: readonly Totals[]): string[] {
  const lines = all.flatMap(({ scenario, goals }) => goals.filter(({ isMet }) => !isMet).map(({ what, limit, figure }) => `  ${scenario}: ${what} is ${figure}, the goal is ${limit}`));
  return lines.length === 0 ? ['All goals reached.'] : ['Goals missed:', ...lines];
}

function heldUp(all: readonly Totals[]): string[] {
  const lines = all.flatMap(({ scenario, figures: { hostCrashBraked } }) => (hostCrashBraked.count === 0 ? [] : [`  ${scenario}: ${span(hostCrashBraked)}`]));
  return lines.length === 0 ? [] : ['Host gone to DOWN where a brake held it up, because others of its zone fell silent at the same time:', ...lines];
}

export function span({ p50Ms, p99Ms, maxMs, count }: Durations): string {
  return p50Ms === null || p99Ms === null || maxMs === null ? '-' : `${seconds(p50Ms)} / ${seconds(p99Ms)} / ${seconds(maxMs)} (${count})`;
}
