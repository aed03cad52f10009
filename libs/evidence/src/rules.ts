/** What an observer is given when it is made. */
import type { DetectorConfig } from '@muster/failure-detector';
import type { ScoreConfig } from '@muster/health-score';
import type { Membership } from '@muster/membership';

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

/** What was agreed: read only, and current before `changes` are told. */
export type AgreedView = Pick<Membership, 'member' | 'all' | 'reapable' | 'braked' | 'brakes' | 'damping' | 'rules'>;

export interface ObserverOptions {
  readonly nodeId: string;
  readonly membership: AgreedView;
  readonly detector: DetectorConfig;
  readonly score: ScoreConfig;
  /** Interval of our own beats, assumed of members not heard yet. Milliseconds. */
  readonly intervalMs: number;
  /** By which heartbeat partition a node's beats come, before one came; null when that cannot be told. Default: it cannot. */
  readonly partitionOf?: ((nodeId: string) => number | null) | undefined;
  readonly rules: ObserverRules;
}
