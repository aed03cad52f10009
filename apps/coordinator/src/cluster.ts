/**
 * The agreed state of the cluster in this process: proposals go in through the log, changes come out to listeners.
 *
 * Decides nothing: rules are in `membership`, order and durability in the log.
 */
import { type Change, changesOf, type Command, Membership, type MembershipRules, type MembershipSnapshot, type Outcome } from '@muster/membership';
import type { Logger } from '@muster/contracts';
import { LocalDurableLog } from './log/local-durable-log.js';
import { LogStore } from './log/log-store.js';
import type { LogStatus, Proposed, ProposeOptions, ReplicatedLog } from './log/replicated-log.js';

/** Told of all changes of one entry at once, in their order; never of none. */
export type ChangesListener = (changes: readonly Change[]) => void;

export interface ClusterOptions {
  readonly name: string;
  readonly nodeId: string;
  readonly statePath: string;
  readonly rules: MembershipRules;
  readonly snapshotEntries: number;
  readonly logger: Logger;
}

export class Cluster {
  private readonly listeners = new Set<ChangesListener>();

  private constructor(
    readonly name: string,
    readonly membership: Membership,
    private readonly log: ReplicatedLog<Command, Outcome>,
    private readonly nodeId: string,
    private readonly rules: MembershipRules,
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
        const changes = changesOf(outcome);
        if (changes.length > 0) cluster?.tell(changes);
      },
      onFault: (reason) => logger.error({ reason }, 'the membership log is in trouble'),
    });
    cluster = new Cluster(options.name, membership, log, options.nodeId, rules, logger);
    return cluster;
  }

  propose(command: Command, options?: ProposeOptions<Command>): Promise<Proposed<Outcome>> {
    return this.log.propose(command, options);
  }

  status(): LogStatus {
    return this.log.status();
  }

  /** Makes the rules that this coordinator was started with those that all agree on; to be called once it may propose. */
  async agreeOnRules(atUnixMs: number): Promise<void> {
    const { rules } = this;
    if (!this.membership.needsRules(rules)) return;
    const proposed = await this.propose({ kind: 'rules', term: this.status().term, atUnixMs, reason: `settings of ${this.nodeId}`, rules });
    if (proposed.kind === 'unavailable') this.logger.error({ reason: proposed.reason }, 'the rules of membership could not be agreed on; those of before hold');
  }

  /** Calls for each entry that changed something, as it is applied; the function that comes back ends that. */
  listen(listener: ChangesListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): Promise<void> {
    return this.log.close();
  }

  private tell(changes: readonly Change[]): void {
    for (const change of changes) this.note(change);
    for (const listener of this.listeners) {
      try {
        listener(changes);
      } catch (error) {
        // A listener is a reader; what is agreed stays agreed whatever becomes of it.
        this.logger.error({ err: error, index: changes[0]?.index }, 'a listener failed on a change of membership');
      }
    }
  }

  private note(change: Change): void {
    const { index } = change;
    switch (change.kind) {
      case 'transition': {
        const { nodeId, incarnation, status, reason } = change.member;
        this.logger.info({ member: nodeId, incarnation, from: change.from, to: status, reason, index }, `${nodeId}: ${change.from ?? 'unknown'} -> ${status} (${reason})`);
        break;
      }
      case 'brake': {
        const { zone, nodeIds } = change.brake;
        this.logger.warn({ zone, members: nodeIds.length, step: change.step, reason: change.reason, index }, `brake of ${zone === null ? 'the cluster' : `zone ${zone}`} ${change.step} (${change.reason})`);
        break;
      }
      case 'updated':
        this.logger.info({ member: change.member.nodeId, marks: change.member.marks, index }, `${change.member.nodeId}: ${change.reason}`);
        break;
      case 'removed':
        this.logger.info({ member: change.nodeId, index }, `${change.nodeId}: forgotten`);
        break;
    }
  }
}
