/**
 * Turns the messages of `/cluster/watch` into news about who leads. Pure. A change of leaders without a quorum for a moment is what an
 * election looks like, so a lost quorum is news only when two pulses in a row say so; one that there never was is none.
 */
import type { WatchMessage } from '@muster/contracts';

export type LeadershipNews =
  /** `before` is who led until then; null for the first one. */
  | { readonly kind: 'leads'; readonly nodeId: string; readonly term: number; readonly before: string | null }
  | { readonly kind: 'quorum-lost' }
  | { readonly kind: 'quorum-back' };

const PULSES_TO_BELIEVE = 2;

export class LeadershipView {
  private known: { readonly nodeId: string; readonly term: number } | null = null;
  private withoutQuorum = 0;

  /** Who led last, as far as was told. */
  get leaderId(): string | null {
    return this.known?.nodeId ?? null;
  }

  apply(message: WatchMessage): LeadershipNews | null {
    switch (message.kind) {
      case 'snapshot':
        return this.learn(message.status);
      case 'pulse':
        return this.learn(message);
      case 'member':
      case 'brakes':
      case 'removed':
        return null;
    }
  }

  private learn({ hasQuorum, leaderId, term }: { readonly hasQuorum: boolean; readonly leaderId: string | null; readonly term: number }): LeadershipNews | null {
    if (this.known === null && leaderId === null) return null;
    if (!hasQuorum) return ++this.withoutQuorum === PULSES_TO_BELIEVE ? { kind: 'quorum-lost' } : null;
    const wasLost = this.withoutQuorum >= PULSES_TO_BELIEVE;
    this.withoutQuorum = 0;
    const { known } = this;
    // Whoever tells it may be behind: an older term is no news.
    if (leaderId !== null && leaderId !== known?.nodeId && term >= (known?.term ?? 0)) {
      this.known = { nodeId: leaderId, term };
      return { kind: 'leads', nodeId: leaderId, term, before: known?.nodeId ?? null };
    }
    return wasLost ? { kind: 'quorum-back' } : null;
  }
}
