/** What the coordinators together promise about members: the same history everywhere, nobody declared dead who is well, no word of an old leader. */
import type { Change, Entry, Outcome } from '@muster/membership';
import type { Life } from '../ground-truth.js';
import type { VirtualClock } from '../virtual-clock.js';
import type { ControlAgent } from './control-agent.js';

/** After trouble of its own a process may be judged by what was seen of it before. Milliseconds. */
const AFTER_TROUBLE_MS = 30_000;

export interface ControlMonitorOptions {
  readonly clock: VirtualClock;
  /** All changes, in the order of the log; filled here. */
  readonly changes: Change[];
  readonly agents: ReadonlyMap<string, ControlAgent>;
  readonly violate: (what: string) => void;
}

export class ControlMonitors {
  downs = 0;
  readonly trace: string[] = [];
  private readonly lives = new Map<string, Map<number, Life>>();
  private readonly troubledUntilMs = new Map<string, number>();
  /** What each entry did, as whoever was first has it. */
  private readonly effects = new Map<number, string>();
  private lastIndex = 0;

  constructor(private readonly options: ControlMonitorOptions) {}

  started({ nodeId }: ControlAgent, life: Life): void {
    let ofNode = this.lives.get(nodeId);
    if (ofNode === undefined) this.lives.set(nodeId, (ofNode = new Map()));
    ofNode.set(life.incarnation, life);
  }

  /** Something was done to it: for a while nothing is promised about it. */
  troubled(nodeId: string, forMs: number): void {
    const untilMs = this.options.clock.nowMs() + forMs + AFTER_TROUBLE_MS;
    this.troubledUntilMs.set(nodeId, Math.max(untilMs, this.troubledUntilMs.get(nodeId) ?? 0));
  }

  applied(by: string, entry: Entry, outcome: Outcome, changes: readonly Change[]): void {
    const effect = JSON.stringify(outcome);
    const known = this.effects.get(entry.index);
    if (known !== undefined) {
      if (known !== effect) this.options.violate(`${by} makes of ${entry.index} '${effect}', others '${known}'`);
      return;
    }
    this.effects.set(entry.index, effect);
    if (entry.index <= this.lastIndex) this.options.violate(`${by} applies ${entry.index} after ${this.lastIndex}, and nobody did before`);
    this.lastIndex = entry.index;
    if (changes.length > 0 && entry.command.term !== entry.term) this.options.violate(`what was decided in term ${entry.command.term} changes something in term ${entry.term}, at ${entry.index}`);
    for (const change of changes) this.changed(change);
  }

  private changed(change: Change): void {
    this.options.changes.push(change);
    this.trace.push(`${(this.options.clock.nowMs() / 1000).toFixed(3)} s ${change.kind === 'transition' ? `${change.index} ${change.member.nodeId} ${change.from} -> ${change.member.status} (${change.member.reason})` : `${change.index} ${change.kind}`}`);
    if (this.trace.length > 30) this.trace.shift();
    if (change.kind !== 'transition' || change.member.status !== 'DOWN') return;
    this.downs += 1;
    const { nodeId, incarnation, reason } = change.member;
    const life = this.lives.get(nodeId)?.get(incarnation);
    if (life === undefined) return this.options.violate(`${nodeId} is DOWN with an incarnation that never was`);
    if (life.endedAtMs !== null || this.options.clock.nowMs() < (this.troubledUntilMs.get(nodeId) ?? 0)) return;
    this.options.violate(`${nodeId} is DOWN (${reason}) and nothing is wrong with it`);
  }
}
