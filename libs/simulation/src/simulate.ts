/** Runs one scenario from one seed, and says what came of it. */
import { type GoalResult, judge } from './goals.js';
import { InvariantBroken } from './invariants.js';
import type { Figures } from './quality-of-service.js';
import type { Scenario } from './scenarios.js';
import { World, WORLD_DEFAULTS } from './world.js';
import { observe } from './observe.js';

export interface SimulationOptions {
  readonly seed: number;
  /** Virtual time. Minutes. */
  readonly minutes: number;
  readonly nodes: number;
  readonly intervalMs: number;
}

export const SIMULATION_DEFAULTS: Omit<SimulationOptions, 'seed'> = { minutes: 10, nodes: 20, intervalMs: 1000 };

export type SimulationResult = {
  readonly scenario: string;
  readonly seed: number;
  readonly steps: number;
  /** Equal for equal seeds and settings, at any time on any machine. */
  readonly hash: string;
} & (
  | { readonly kind: 'completed'; readonly figures: Figures; readonly goals: readonly GoalResult[]; /** The last changes before a wrong DOWN, if there was one. */ readonly wrong: readonly string[] }
  /** `trace`: the last changes before it. */
  | { readonly kind: 'broken'; readonly claim: string; readonly atMs: number; readonly trace: readonly string[] }
) & { readonly rerun: string };

export function simulate(scenario: Scenario, options: SimulationOptions): SimulationResult {
  const { seed, minutes, nodes, intervalMs } = options;
  const world = new World({ ...WORLD_DEFAULTS, seed, nodes, intervalMs }, observe);
  const rerun = `npm run simulate -- --seed ${seed} --scenario ${scenario.name} --minutes ${minutes} --nodes ${nodes} --interval ${intervalMs}`;
  const about = () => ({ scenario: scenario.name, seed, steps: world.steps, hash: world.digest(), rerun });
  scenario.plan(world);
  try {
    world.runUntil(minutes * 60_000);
  } catch (error) {
    if (!(error instanceof InvariantBroken)) throw error;
    return { kind: 'broken', ...about(), claim: error.message, atMs: world.clock.nowMs(), trace: world.trace };
  }
  const figures = world.quality.finish(world.clock.nowMs());
  return { kind: 'completed', ...about(), figures, goals: judge(scenario.goals, figures), wrong: world.wrong };
}
