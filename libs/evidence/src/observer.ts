/**
 * Sense, judge, propose: one coordinator's part in detection as a step machine.
 *
 * Inputs come in with their time, effects go out as data; it reads no clock, sends nothing and holds no timer. What was agreed is
 * read from `membership`, and changed only by proposals.
 */
import type { Pulse, Why } from '@muster/contracts';
import type { DetectorConfig } from '@muster/failure-detector';
import type { ScoreConfig } from '@muster/health-score';
import type { Membership, MemberCommand } from '@muster/membership';
import type { Effect } from './effect.js';
import type { Now, ObserverInput } from './input.js';

/** Time between two `tick` inputs. Milliseconds. */
export const TICK_MS = 250;

export interface ObserverRules {
  /** Longest silence before a member is DOWN. Milliseconds. */
  readonly failureTimeoutMs: number;
  /** How long a main loop may stand still while its process answers. Milliseconds. */
  readonly hungTimeoutMs: number;
  /** Share that may fall silent at once. 0..1; 1 turns the brake off. */
  readonly brakeFraction: number;
  /** How long the same members must stay silent before the brake lets go. Milliseconds. */
  readonly brakeHoldMs: number;
  /** How long a probe may take. Milliseconds. */
  readonly probeTimeLimitMs: number;
}

export interface ObserverOptions {
  readonly nodeId: string;
  /** Read only; kept current by whoever applies entries, before `changes` are told. */
  readonly membership: Pick<Membership, 'member' | 'all' | 'reapable'>;
  readonly detector: DetectorConfig;
  readonly score: ScoreConfig;
  /** Interval of our own beats, assumed of members not heard yet. Milliseconds. */
  readonly intervalMs: number;
  readonly rules: ObserverRules;
}

/** A pulse with the time of the last beat as a number. Wall time, milliseconds since 1970. */
export type ObservedPulse = Omit<Pulse, 'lastHeartbeatTime'> & { readonly lastBeatUnixMs: number };

export interface Observer {
  step(input: ObserverInput, now: Now): readonly Effect[];
  stillHolds(ticket: number, now: Now): readonly MemberCommand[];
  isNews(beat: { readonly nodeId: string; readonly incarnation: number; readonly seq: number }): boolean;
  pulse(nodeId: string, nowMs: number): ObservedPulse | null;
  why(nodeId: string, now: Now): Why | null;
  doubtReason(nowMs: number): string;
  incarnation(nodeId: string): number | null;
  readonly size: number;
}

export type ObserverFactory = (options: ObserverOptions, now: Now) => Observer;
