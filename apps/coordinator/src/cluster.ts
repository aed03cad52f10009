/**
 * The agreed state of the cluster in this process: proposals go in through the log, changes come out to listeners.
 *
 * Decides nothing: rules are in `membership`, agreement in the log.
 */
import type { Logger } from '@muster/contracts';
import type { Membership, MembershipRules, MembershipSnapshot, Outcome } from '@muster/membership';
import type { AgreedCommand, AgreedState, ChangesListener } from './agreed-state.js';
import type { LogStatus, Mandate, Proposed, ProposeOptions, ReplicatedLog } from './log/replicated-log.js';

export interface ClusterOptions {
  readonly name: string;
  readonly nodeId: string;
  /** Those that this coordinator was started with. */
  readonly rules: MembershipRules;
  readonly logger: Logger;
}

export class Cluster {
  constructor(
    private readonly options: ClusterOptions,
    private readonly state: AgreedState,
    private readonly log: ReplicatedLog<AgreedCommand, Outcome>,
  ) {}

  get name(): string {
    return this.options.name;
  }

  /** As of now: another object takes its place when a snapshot is restored. */
  get membership(): Membership {
    return this.state.membership;
  }

  propose(command: AgreedCommand, options?: ProposeOptions<AgreedCommand>): Promise<Proposed<Outcome>> {
    return this.log.propose(command, options);
  }

  /** Whether we may propose, and in which term; cheap. */
  mandate(): Mandate {
    return this.log.mandate();
  }

  /** Calls whenever that changed. */
  onMandate(listener: (mandate: Mandate) => void): void {
    this.log.onMandate(listener);
  }

  status(): LogStatus {
    return this.log.status();
  }

  /** Makes the rules that this coordinator was started with those that all agree on; to be called once it may propose. */
  async agreeOnRules(atUnixMs: number): Promise<void> {
    const { nodeId, rules, logger } = this.options;
    if (!this.membership.needsRules(rules)) return;
    const proposed = await this.propose({ kind: 'rules', term: this.mandate().term, atUnixMs, reason: `settings of ${nodeId}`, rules });
    if (proposed.kind === 'unavailable') logger.error({ reason: proposed.reason }, 'the rules of membership could not be agreed on; those of before hold');
  }

  /** Calls for each entry that changed something, as it is applied; the function that comes back ends that. */
  listen(listener: ChangesListener): () => void {
    return this.state.listen(listener);
  }

  /** The whole state, to be kept somewhere else. */
  saved(): MembershipSnapshot {
    return this.state.snapshot();
  }

  /** Puts a saved state in place of what is agreed now, everywhere. */
  restoreAll(state: MembershipSnapshot, atUnixMs: number): Promise<Proposed<Outcome>> {
    return this.propose({ kind: 'restore', term: this.mandate().term, atUnixMs, state });
  }

  /** Lets another coordinator lead, if this one does. */
  handOver(): Promise<string | null> {
    return this.log.handOver();
  }

  close(): Promise<void> {
    return this.log.close();
  }
}
