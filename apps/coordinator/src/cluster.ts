/**
 * The agreed state of the cluster in this process: proposals go in through the log, changes come out to listeners.
 *
 * Decides nothing: rules are in `membership`, order and durability in the log.
 */
import { type Command, Membership, type MembershipRules, type MembershipSnapshot, type Change, type Outcome } from '@muster/membership';
import type { Logger } from '@muster/contracts';
import { LocalDurableLog } from './log/local-durable-log.js';
import { LogStore } from './log/log-store.js';
import type { LogStatus, Proposed, ProposeOptions, ReplicatedLog } from './log/replicated-log.js';

export type ChangeListener = (change: Change) => void;

export interface ClusterOptions {
  readonly name: string;
  readonly nodeId: string;
  readonly statePath: string;
  readonly rules: MembershipRules;
  readonly snapshotEntries: number;
  readonly logger: Logger;
}

export class Cluster {
  private readonly listeners = new Set<ChangeListener>();

  private constructor(
    readonly name: string,
    readonly membership: Membership,
    private readonly log: ReplicatedLog<Command, Outcome>,
    private readonly logger: Logger,
  ) {}

  /** Opens the durable state; throws when it cannot be read or is in use. */
  static open(options: ClusterOptions): Cluster {
    const { logger, rules } = options;
    let membership = new Membership(rules);
    let cluster: Cluster | null = null;
    const log = new LocalDurableLog<Command, Outcome>({
      store: new LogStore(options.statePath),
      nodeId: options.nodeId,
      snapshotEntries: options.snapshotEntries,
      machine: (snapshot) => {
        membership = new Membership(rules, snapshot === null ? undefined : (snapshot.state as MembershipSnapshot));
        return membership;
      },
      onApplied: (_, outcome) => {
        if (outcome.kind === 'changed') cluster?.tell(outcome.change);
      },
      onFault: (reason) => logger.error({ reason }, 'the membership log is in trouble'),
    });
    cluster = new Cluster(options.name, membership, log, logger);
    return cluster;
  }

  propose(command: Command, options?: ProposeOptions): Promise<Proposed<Outcome>> {
    return this.log.propose(command, options);
  }

  status(): LogStatus {
    return this.log.status();
  }

  /** Calls for each change as it is applied; the function that comes back ends that. */
  listen(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): Promise<void> {
    return this.log.close();
  }

  private tell(change: Change): void {
    if (change.kind === 'transition') {
      const { nodeId, incarnation, status, reason } = change.member;
      this.logger.info({ member: nodeId, incarnation, from: change.from, to: status, reason, index: change.index }, `${nodeId}: ${change.from ?? 'unknown'} -> ${status} (${reason})`);
    }
    for (const listener of this.listeners) {
      try {
        listener(change);
      } catch (error) {
        // A listener is a reader; what is agreed stays agreed whatever becomes of it.
        this.logger.error({ err: error, index: change.index }, 'a listener failed on a change of membership');
      }
    }
  }
}
