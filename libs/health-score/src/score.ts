/**
 * From readings of one member to a score of 0..100 whose every term has a name.
 *
 *     score = 100 · Σ weight·value · gate,   gate = min over (heartbeat, errors, checks, moving) of (1 + value) / 2
 *
 * The sum alone would hide a single disaster: a member whose database check fails is fine in five other dimensions. What
 * the member itself, or its silence, says to be broken therefore halves the score, and so does a main loop that stands still
 * (`moving`, which also bounds the term `eventLoop`); load alone never does.
 */
import type { Beat, ScoreTerm, Vitals } from '@muster/contracts';
import type { Ramp, ScoreConfig } from './config.js';

export interface Rhythm {
  /** Suspicion as a share of its threshold. 0 is none, 1 or more is suspect. */
  readonly suspicion: number;
  /** Deviation of the gaps against their mean. Ratio, >= 0. */
  readonly irregularity: number;
}

type TermName = keyof ScoreConfig['weights'];
/** Value of each term, and whether the main loop moves. 0..1. */
export type TermValues = Readonly<Record<TermName | 'moving', number>>;

/** What a member says of itself. */
export type Readings = Pick<Beat, 'vitals' | 'mainLagMs'>;

const TERM_NAMES: readonly TermName[] = ['heartbeat', 'cpu', 'memory', 'eventLoop', 'errors', 'checks'];

export function heartbeatValue(config: ScoreConfig, rhythm: Rhythm): number {
  return Math.min(unit(1 - rhythm.suspicion), ramp(config.irregularity, rhythm.irregularity));
}

export function termValues(config: ScoreConfig, rhythm: Rhythm, { vitals, mainLagMs }: Readings): TermValues {
  return {
    heartbeat: heartbeatValue(config, rhythm),
    cpu: ramp(config.cpu, Math.max(vitals.cpuProcess, vitals.cpuHost)),
    memory: ramp(config.memory, vitals.memory),
    eventLoop: ramp(config.eventLoopDelayMs, vitals.eventLoopDelayMs),
    errors: ramp(config.errorRate, vitals.errorRate),
    checks: checksValue(config, vitals),
    moving: ramp(config.mainLagMs, mainLagMs),
  };
}

/** The terms for people, to three decimals. */
export function namedTerms(config: ScoreConfig, values: TermValues): ScoreTerm[] {
  return TERM_NAMES.map((name) => ({ name, value: Math.round(termValue(values, name) * 1000) / 1000, weight: config.weights[name] }));
}

/** 0..100, to one decimal. */
export function scoreOf(config: ScoreConfig, values: TermValues): number {
  // Each by its name, no list of them: this runs for every beat.
  const { weights } = config;
  const { heartbeat, cpu, memory, errors, checks, moving } = values;
  const sum = weights.heartbeat * heartbeat + weights.cpu * cpu + weights.memory * memory + weights.eventLoop * termValue(values, 'eventLoop') + weights.errors * errors + weights.checks * checks;
  const gate = (1 + Math.min(1, heartbeat, errors, checks, moving)) / 2;
  return Math.round(Math.min(1, sum) * gate * 1000) / 10;
}

/** A loop that stands still makes no delays while it does: that it moves comes first. */
function termValue(values: TermValues, name: TermName): number {
  return name === 'eventLoop' ? Math.min(values.eventLoop, values.moving) : values[name];
}

function checksValue(config: ScoreConfig, vitals: Vitals): number {
  let failed = 0;
  for (const { ok } of vitals.checks) if (!ok) failed += 1;
  return failed === 0 ? 1 : Math.min(config.checksFailedMax, 1 - failed / vitals.checks.length);
}

function ramp({ good, bad }: Ramp, reading: number): number {
  return unit((bad - reading) / (bad - good));
}

/** Not a number counts as worthless: nothing that we cannot read is good. */
function unit(value: number): number {
  return value > 0 ? Math.min(1, value) : 0;
}
