/**
 * What is agreed, as far as it arrived here: the state machine under the log, and whom it tells of changes.
 *
 * Decides nothing: rules are in `membership`. A snapshot takes the place of the whole state, so nobody may keep a part of it.
 */
import type { Logger } from '@muster/contracts';
import type { AgreedView } from '@muster/evidence';
import { type Change, changesOf, type Command, Membership, type MembershipRules, type MembershipSnapshot, type Outcome } from '@muster/membership';
import { noteChange } from './change-log.js';
import type { LogEntry, StateMachine } from './log/replicated-log.js';
import { missedBetween, restoredAt } from './restoring.js';

/** Told of all changes of one entry at once, in their order; never of none. */
export type ChangesListener = (changes: readonly Change[]) => void;

/** The whole state as it was saved once, put in place of what is agreed now. */
export interface RestoreCommand {
  readonly kind: 'restore';
  readonly term: number;
  readonly atUnixMs: number;
  readonly state: MembershipSnapshot;
}
export type AgreedCommand = Command | RestoreCommand;

export class AgreedState implements StateMachine<AgreedCommand, Outcome> {
  private readonly listeners = new Set<ChangesListener>();
  private current: Membership;
  /** Until we know what the others know, changes are old news: they are logged for those who look for them. */
  private isCatchingUp = true;
  /** For readers that were made once and stay. */
  readonly view: AgreedView;

  constructor(
    private readonly rules: MembershipRules,
    private readonly logger: Logger,
  ) {
    this.current = new Membership(rules);
    this.view = viewOf(() => this.current);
  }

  get membership(): Membership {
    return this.current;
  }

  apply({ index, term, command }: LogEntry<AgreedCommand>): Outcome {
    if (command.kind === 'restore') return this.replace(command, index, term);
    const outcome = this.current.apply({ index, term, command });
    this.tell(changesOf(outcome));
    return outcome;
  }

  snapshot(): MembershipSnapshot {
    return this.current.snapshot();
  }

  /** What came about between the two states is told like any change. */
  restore(state: unknown): void {
    const before = this.current;
    this.current = new Membership(this.rules, state as MembershipSnapshot);
    for (const ofEntry of Map.groupBy(missedBetween(before, this.current), ({ index }) => index).values()) this.tell(ofEntry);
  }

  /** Calls for each entry that changed something, as it is applied; the function that comes back ends that. */
  listen(listener: ChangesListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  caughtUp(): void {
    this.isCatchingUp = false;
  }

  private replace({ term: seen, atUnixMs, state }: RestoreCommand, index: number, term: number): Outcome {
    if (seen < term) return { kind: 'rejected', rejection: { kind: 'stale-term', seen, current: term } };
    const { snapshot, changes } = restoredAt({ index, term, atUnixMs }, state, this.current);
    this.current = new Membership(this.rules, snapshot);
    this.tell(changes);
    return { kind: 'noted' };
  }

  private tell(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    for (const change of changes) noteChange(this.logger, change, this.isCatchingUp);
    for (const listener of this.listeners) {
      try {
        listener(changes);
      } catch (error) {
        // A listener is a reader; what is agreed stays agreed whatever becomes of it.
        this.logger.error({ err: error, index: changes[0]?.index }, 'a listener failed on a change of membership');
      }
    }
  }
}

function viewOf(current: () => Membership): AgreedView {
  return {
    member: (nodeId) => current().member(nodeId),
    all: () => current().all(),
    reapable: (nowUnixMs) => current().reapable(nowUnixMs),
    braked: (nodeId, nowUnixMs) => current().braked(nodeId, nowUnixMs),
    brakes: () => current().brakes(),
    damping: (nodeId, nowUnixMs) => current().damping(nodeId, nowUnixMs),
    get rules() {
      return current().rules;
    },
  };
}
