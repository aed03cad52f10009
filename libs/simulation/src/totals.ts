/** Several runs of one scenario as if they were one: counts are added, durations thrown together, shares weighed by time. */
import { type GoalResult, judge } from './goals.js';
import { together } from './durations.js';
import type { Figures } from './quality-of-service.js';
import type { Scenario } from './scenarios.js';
import type { SimulationResult } from './simulate.js';

export interface Totals {
  readonly scenario: string;
  readonly runs: number;
  readonly broken: number;
  readonly figures: Figures;
  readonly goals: readonly GoalResult[];
}

export function totals(scenario: Scenario, results: readonly SimulationResult[]): Totals {
  const completed = results.flatMap((result) => (result.kind === 'completed' ? [result.figures] : []));
  const figures = added(completed);
  // What is about one moment of each run is judged by the worst of them, not by their sum.
  const worstEntries = Math.max(0, ...completed.map(({ downEntries }) => downEntries));
  return { scenario: scenario.name, runs: results.length, broken: results.length - completed.length, figures, goals: judge(scenario.goals, { ...figures, downEntries: worstEntries }) };
}

export function added(all: readonly Figures[]): Figures {
  const sum = (read: (figures: Figures) => number): number => all.reduce((total, figures) => total + read(figures), 0);
  const nodeHours = sum((figures) => figures.nodeHours);
  const wrongSuspects = sum((figures) => figures.wrongSuspects);
  const impaired = all.map((figures) => figures.impaired);
  const nodes = sum((figures) => figures.impaired.nodes);
  const changes = impaired.flatMap(({ changesPer10MinMax: most }) => most ?? []);
  const inService = impaired.filter(({ inServiceShareAfter10s: share }) => share !== null);
  return {
    intervalMs: all[0]?.intervalMs ?? 0,
    nodeHours,
    processCrashToDown: together(all.map((figures) => figures.processCrashToDown)),
    hostCrashToDown: together(all.map((figures) => figures.hostCrashToDown)),
    hostCrashBraked: together(all.map((figures) => figures.hostCrashBraked)),
    crashToSuspect: together(all.map((figures) => figures.crashToSuspect)),
    freezeToSuspect: together(all.map((figures) => figures.freezeToSuspect)),
    replaced: sum((figures) => figures.replaced),
    startToMember: together(all.map((figures) => figures.startToMember)),
    startToService: together(all.map((figures) => figures.startToService)),
    downChanges: sum((figures) => figures.downChanges),
    downEntries: sum((figures) => figures.downEntries),
    wrongSuspects,
    wrongSuspectsPerNodeHour: nodeHours === 0 ? 0 : wrongSuspects / nodeHours,
    wrongSuspectMs: together(all.map((figures) => figures.wrongSuspectMs)),
    wrongDowns: sum((figures) => figures.wrongDowns),
    wrongDownsOfWell: sum((figures) => figures.wrongDownsOfWell),
    wrongDownMs: together(all.map((figures) => figures.wrongDownMs)),
    isolatedDowns: sum((figures) => figures.isolatedDowns),
    brakes: sum((figures) => figures.brakes),
    outageToBrake: together(all.map((figures) => figures.outageToBrake)),
    endToRelease: together(all.map((figures) => figures.endToRelease)),
    impaired: {
      nodes,
      outAfterMs: together(impaired.map(({ outAfterMs }) => outAfterMs)),
      neverOut: impaired.reduce((total, { neverOut }) => total + neverOut, 0),
      downChanges: impaired.reduce((total, { downChanges }) => total + downChanges, 0),
      changesPer10MinMax: changes.length === 0 ? null : Math.max(...changes),
      inServiceShareAfter10s: inService.length === 0 ? null : inService.reduce((total, { nodes: count, inServiceShareAfter10s: share }) => total + count * (share ?? 0), 0) / inService.reduce((total, { nodes: count }) => total + count, 0),
    },
  };
}
