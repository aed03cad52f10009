/**
 * When to propose again what was refused: sooner or later, never as often as we look. A refusal counts while the agreed record that refused is
 * the same, and, for a verdict, while nothing newer was heard. Knows no reason why anything is refused.
 */
import type { Member, SingleCommand } from '@muster/membership';
import type { Withheld } from './sight.js';

/** Wait after the first refusal, doubled by each further one, and the longest. Milliseconds. */
const WAIT_MS_MIN = 500;
const WAIT_MS_MAX = 8000;

interface Refused {
  readonly about: string;
  readonly count: number;
  readonly untilMs: number;
  readonly withheld: Withheld;
}

/** What is about to be proposed of a node. */
export interface Attempt {
  readonly nodeId: string;
  readonly kind: SingleCommand['kind'];
  readonly incarnation: number;
  readonly seq: number;
}

export class Refusals {
  /** The last of each node; those of members and of nodes that are seen. */
  private readonly byNode = new Map<string, Refused>();

  refused(attempt: Attempt, member: Member | undefined, why: string, nowMs: number): void {
    const about = aboutOf(attempt, member);
    const before = this.byNode.get(attempt.nodeId);
    const count = before?.about === about ? before.count + 1 : 1;
    const waitMs = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (count - 1));
    const times = count === 1 ? 'once' : `${count} times`;
    this.byNode.set(attempt.nodeId, { about, count, untilMs: nowMs + waitMs, withheld: { cause: 'refused', detail: `${attempt.kind} was refused ${times}: ${why}` } });
  }

  /** Why it is not proposed yet; null when it may be. */
  held(attempt: Attempt, member: Member | undefined, nowMs: number): Withheld | null {
    const refused = this.byNode.get(attempt.nodeId);
    return refused !== undefined && nowMs < refused.untilMs && refused.about === aboutOf(attempt, member) ? refused.withheld : null;
  }

  forget(nodeId: string): void {
    this.byNode.delete(nodeId);
  }

  /** Something else decides now: another term, another brake. */
  clear(): void {
    this.byNode.clear();
  }

  get size(): number {
    return this.byNode.size;
  }
}

/** The same again would be refused again. Who beats must not be heard with each beat; who fell silent anew is another case. */
function aboutOf({ kind, incarnation, seq }: Attempt, member: Member | undefined): string {
  const evidence = kind === 'suspect' || kind === 'down' ? seq : '';
  return `${kind} ${incarnation} ${evidence} ${member?.record.index ?? 0}`;
}
