/**
 * Brakes on verdicts: members that fell silent together, and are not declared dead for silence while a brake protects them.
 *
 * Decides who is protected and when one of them may be removed after all: after the hold, and then one per zone in a sixth of it. When to
 * brake and when to let go is for the proposer, who sees beats.
 */
import type { Brake } from '@muster/contracts';
import type { BrakeCommand } from './command.js';
import { invariant } from './invariant.js';

/** Members of one zone that may be removed in one hold once it is over. Count. */
const REMOVALS_PER_HOLD = 6;

/** As plain data, for snapshots. Times are agreed ones, save `sinceUnixMs`. */
export interface BrakeState {
  readonly zone: string | null;
  readonly reason: string;
  readonly sinceUnixMs: number;
  readonly holdMs: number;
  readonly covered: readonly { readonly nodeId: string; readonly sinceMs: number }[];
  readonly removals: readonly { readonly zone: string; readonly atMs: number }[];
}

interface Held extends Omit<BrakeState, 'covered' | 'removals'> {
  /** Since when each member is protected. */
  readonly covered: Map<string, number>;
  /** When the last member of a zone was removed in spite of the brake. */
  readonly removals: Map<string, number>;
}

export interface Barrier {
  readonly zone: string | null;
  /** Agreed time. Milliseconds. */
  readonly untilMs: number;
}

export class Brakes {
  private readonly held = new Map<string | null, Held>();

  constructor(states: readonly BrakeState[] = []) {
    for (const { covered, removals, ...state } of states) {
      this.held.set(state.zone, { ...state, covered: new Map(covered.map(({ nodeId, sinceMs }) => [nodeId, sinceMs])), removals: new Map(removals.map(({ zone, atMs }) => [zone, atMs])) });
    }
  }

  /** Takes in those of `nodeIds` that are not protected by it yet. Null when there are none. */
  engage(command: BrakeCommand, nodeIds: readonly string[], agreedMs: number): 'engaged' | 'grown' | null {
    const { zone, reason, holdMs, atUnixMs } = command;
    const before = this.held.get(zone);
    const added = nodeIds.filter((nodeId) => before?.covered.has(nodeId) !== true);
    if (added.length === 0) return null;
    const covered = before?.covered ?? new Map<string, number>();
    // Each has its own hold: one that comes late does not keep the others, nor is it removed with them.
    for (const nodeId of added) covered.set(nodeId, agreedMs);
    this.held.set(zone, { zone, reason, holdMs, sinceUnixMs: before?.sinceUnixMs ?? atUnixMs, covered, removals: before?.removals ?? new Map<string, number>() });
    return before === undefined ? 'engaged' : 'grown';
  }

  has(zone: string | null): boolean {
    return this.held.has(zone);
  }

  release(zone: string | null): void {
    this.held.delete(zone);
  }

  /** Zones of the brakes that protect nobody but this member: they end when it leaves them. */
  heldOnlyFor(nodeId: string): (string | null)[] {
    return [...this.held.values()].filter(({ covered }) => covered.size === 1 && covered.has(nodeId)).map(({ zone }) => zone);
  }

  /** The member needs no protection any more: it came back, or went another way. */
  leave(nodeId: string): void {
    for (const { covered } of this.held.values()) covered.delete(nodeId);
  }

  /** What keeps a member from being declared dead for silence at that time; null when nothing does. */
  barrier(nodeId: string, memberZone: string, agreedMs: number): Barrier | null {
    let barrier: Barrier | null = null;
    for (const { zone, holdMs, covered, removals } of this.held.values()) {
      const sinceMs = covered.get(nodeId);
      if (sinceMs === undefined) continue;
      const untilMs = Math.max(sinceMs + holdMs, (removals.get(memberZone) ?? -Infinity) + holdMs / REMOVALS_PER_HOLD);
      if (agreedMs < untilMs && untilMs > (barrier?.untilMs ?? -Infinity)) barrier = { zone, untilMs };
    }
    return barrier;
  }

  /** It was declared dead for silence although it was protected: the next one of its zone has to wait. */
  removed(nodeId: string, memberZone: string, agreedMs: number): void {
    for (const { covered, removals } of this.held.values()) if (covered.has(nodeId)) removals.set(memberZone, agreedMs);
  }

  /** As others read a brake that holds; `unixMs` turns agreed times into wall times. */
  view(zone: string | null, unixMs: (agreedMs: number) => number): Brake {
    const held = this.held.get(zone);
    invariant(held !== undefined, 'only a brake that holds is shown', { zone });
    const { reason, sinceUnixMs, holdMs, covered } = held;
    let firstMs = Infinity;
    for (const sinceMs of covered.values()) firstMs = Math.min(firstMs, sinceMs);
    return { zone, reason, sinceUnixMs, holdsUntilUnixMs: unixMs(firstMs + holdMs), nodeIds: [...covered.keys()].sort() };
  }

  /** Zones that have one, the cluster (null) first. */
  zones(): (string | null)[] {
    return [...this.held.keys()].sort((a, b) => (a === b ? 0 : a === null || (b !== null && a < b) ? -1 : 1));
  }

  snapshot(): BrakeState[] {
    return [...this.held.values()].map(({ covered, removals, ...state }) => ({
      ...state,
      covered: [...covered].map(([nodeId, sinceMs]) => ({ nodeId, sinceMs })),
      removals: [...removals].map(([zone, atMs]) => ({ zone, atMs })),
    }));
  }
}
