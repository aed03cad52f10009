/** Rules between settings of the shared sections; each holds wherever a service has both. */

export interface Relation {
  /** The setting that is named in the message, then the others. */
  readonly keys: readonly [string, ...string[]];
  readonly holds: (...values: number[]) => boolean;
  readonly rule: (...values: number[]) => string;
}

export const RELATIONS: readonly Relation[] = [
  {
    keys: ['failure.timeoutMs', 'heartbeat.intervalMs'],
    holds: (timeoutMs, intervalMs) => (timeoutMs ?? 0) > 3 * (intervalMs ?? 0),
    rule: (_, intervalMs) => `must be more than three times heartbeat.intervalMs (${intervalMs}), or a few lost beats look like a failure`,
  },
  {
    keys: ['flap.reuse', 'flap.suppress'],
    holds: (reuse, suppress) => (reuse ?? 0) < (suppress ?? 0),
    rule: (_, suppress) => `must be less than flap.suppress (${suppress}), or a damped member would be believed while it is damped`,
  },
  {
    keys: ['raft.electionTimeoutMs', 'raft.heartbeatMs'],
    holds: (electionTimeoutMs, heartbeatMs) => (electionTimeoutMs ?? 0) >= 5 * (heartbeatMs ?? 0),
    rule: (_, heartbeatMs) => `must be at least five times raft.heartbeatMs (${heartbeatMs}), or a few lost heartbeats look like a dead leader`,
  },
];
