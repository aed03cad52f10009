/**
 * Follows one member's health from beat to beat: smooths load, so that one busy second is not a crisis, and grades
 * with hysteresis, so that a score on the edge does not flap.
 *
 * Checks, errors and a loop that stands still are not smoothed: they are words, not weather. Old readings do not keep a member
 * well: between beats the rhythm takes the score down as suspicion grows. Reads no clock.
 */
import type { ScoreTerm } from '@muster/contracts';
import type { ScoreConfig } from './config.js';
import { heartbeatValue, namedTerms, type Readings, type Rhythm, scoreOf, type TermValues, termValues } from './score.js';

export type Grade = 'HEALTHY' | 'DEGRADED';

/** Before anything was read nothing is known to be bad. */
const UNKNOWN: TermValues = { heartbeat: 1, cpu: 1, memory: 1, eventLoop: 1, errors: 1, checks: 1, moving: 1 };

export class HealthTracker {
  /** Changed in place: each beat does. */
  private values: { -readonly [Name in keyof TermValues]: TermValues[Name] } = { ...UNKNOWN };
  private readAtMs: number | null = null;
  private current: Grade;
  private latest: number;

  constructor(
    private readonly config: ScoreConfig,
    grade: Grade = 'HEALTHY',
  ) {
    this.current = grade;
    this.latest = scoreOf(config, UNKNOWN);
  }

  /** Takes what a beat says. */
  read(readings: Readings, rhythm: Rhythm, nowMs: number): void {
    const fresh = termValues(this.config, rhythm, readings);
    // The first reading counts in full: there is nothing to smooth it with.
    const share = this.readAtMs === null ? 1 : 1 - Math.exp(-Math.max(0, nowMs - this.readAtMs) / this.config.smoothingMs);
    const follow = (from: number, to: number): number => from + (to - from) * share;
    const { values } = this;
    values.heartbeat = fresh.heartbeat;
    values.cpu = follow(values.cpu, fresh.cpu);
    values.memory = follow(values.memory, fresh.memory);
    values.eventLoop = follow(values.eventLoop, fresh.eventLoop);
    values.errors = fresh.errors;
    values.checks = fresh.checks;
    values.moving = fresh.moving;
    this.readAtMs = nowMs;
    this.regrade();
  }

  /** Score and terms under a rhythm of now, for people: looking changes nothing. */
  shown(rhythm: Rhythm): { readonly score: number; readonly terms: ScoreTerm[] } {
    const values = { ...this.values, heartbeat: heartbeatValue(this.config, rhythm) };
    return { score: scoreOf(this.config, values), terms: namedTerms(this.config, values) };
  }

  /** Takes the rhythm alone, while no beat comes. */
  readRhythm(rhythm: Rhythm): void {
    this.values.heartbeat = heartbeatValue(this.config, rhythm);
    this.regrade();
  }

  get score(): number {
    return this.latest;
  }

  get grade(): Grade {
    return this.current;
  }

  private regrade(): void {
    const score = scoreOf(this.config, this.values);
    this.latest = score;
    if (score < this.config.degradedBelow) this.current = 'DEGRADED';
    else if (score >= this.config.healthyFrom) this.current = 'HEALTHY';
  }
}
