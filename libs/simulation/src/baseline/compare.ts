/** Ours and a plain SWIM group in the same world: the same processes, network and weather, at the same time. */
import type { Figures } from '../quality-of-service.js';
import { seconds } from '../goals.js';
import { table } from '../report.js';
import { type Durations, together } from '../durations.js';
import type { Scenario } from '../scenarios.js';
import type { SimulationOptions } from '../simulate.js';
import { added } from '../totals.js';
import { observe } from '../observe.js';
import { World, WORLD_DEFAULTS } from '../world.js';
import { type SwimFigures, SwimGroup } from './swim-group.js';

/** What both are compared in: those that Lifeguard and Rapid were measured in, and the everyday ones. */
export const COMPARED: readonly string[] = ['crashes', 'loss-5', 'pauses-1s', 'sigstop', 'starved', 'loss-80', 'flip-flop', 'flip-flop-one-way', 'mass-crash', 'zone-dark'];

export interface Compared {
  readonly scenario: string;
  readonly ours: Figures;
  readonly swim: SwimFigures;
}

export function compare(scenario: Scenario, { seed, minutes, nodes, intervalMs }: SimulationOptions): Compared {
  const world = new World({ ...WORLD_DEFAULTS, seed, nodes, intervalMs }, observe);
  const group = new SwimGroup(world);
  scenario.plan(world);
  world.runUntil(minutes * 60_000);
  return { scenario: scenario.name, ours: world.quality.finish(world.clock.nowMs()), swim: group.finish() };
}

/** Several seeds of one scenario as one. */
export function compareAll(scenario: Scenario, all: readonly Compared[]): Compared {
  const swim = all.map((it) => it.swim);
  const sum = (read: (figures: SwimFigures) => number): number => swim.reduce((total, figures) => total + read(figures), 0);
  return {
    scenario: scenario.name,
    ours: added(all.map(({ ours }) => ours)),
    swim: {
      processCrashToDown: together(swim.map((figures) => figures.processCrashToDown)),
      hostCrashToDown: together(swim.map((figures) => figures.hostCrashToDown)),
      wrongDowns: sum((figures) => figures.wrongDowns),
      wrongDownsOfWell: sum((figures) => figures.wrongDownsOfWell),
      wrongDownMs: together(swim.map((figures) => figures.wrongDownMs)),
      wrongSuspects: sum((figures) => figures.wrongSuspects),
    },
  };
}

export function toComparison(all: readonly Compared[]): string {
  const rows = all.flatMap(({ scenario, ours, swim }) => [row(scenario, 'ours', ours), row('', 'SWIM', swim)]);
  return [
    table([['scenario', '', 'kill -9 to DOWN', 'host gone to DOWN', 'wrong SUSPECT', 'wrong DOWN', 'of and by well ones', 'until taken back'], ...rows]),
    '',
    'Durations: p50 / p99 (count). SWIM: first member that says so; wrong DOWN of a member is counted once until it refutes it,\nalso when the one who says so is cut off itself; the column after it leaves those out.',
  ].join('\n');
}

function row(scenario: string, who: string, figures: Figures | SwimFigures): string[] {
  return [scenario, who, short(figures.processCrashToDown), short(figures.hostCrashToDown), String(figures.wrongSuspects), String(figures.wrongDowns), String(figures.wrongDownsOfWell), short(figures.wrongDownMs)];
}

function short({ p50Ms, p99Ms, count }: Durations): string {
  return p50Ms === null || p99Ms === null ? '-' : `${seconds(p50Ms)} / ${seconds(p99Ms)} (${count})`;
}
