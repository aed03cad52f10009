/**
 * Turns the messages of `/cluster/watch` into news about who leads. Pure. A change of leaders without a quorum for a moment is what an
 * election looks like, and whoever is asked next may tell of it several times at once, so a lost quorum is news only when it stays lost; one
 * that there never was is none.
 */
import type { WatchMessage } from '@muster/contracts';

export type LeadershipNews =
  /** `before` is who led until then; null for the first one. */
  | { readonly kind: 'leads'; readonly nodeId: string; readonly term: number; readonly before: string | null }
  | { readonly kind: 'quorum-lost' }
  | { readonly kind: 'quorum-back' };

/** Longer than an election after the loss of a leader takes. Milliseconds. */
const QUORUM_LOST_MS_MIN = 2_000;

export class LeadershipView {
  private known: { readonly nodeId: string; readonly term: number } | null = null;
  private withoutQuorumSinceMs: number | null = null;
  private isLossTold = false;

  /** Who led last, as far as was told. */
  get leaderId(): string | null {
    return this.known?.nodeId ?? null;
  }

  apply(message: WatchMessage, nowMs: number): LeadershipNews | null {
    switch (message.kind) {
      case 'snapshot':
        return this.learn(message.status, nowMs);
      case 'pulse':
        return this.learn(message, nowMs);
      case 'member':
      case 'brakes':
      case 'removed':
        return null;
    }
  }

  private learn({ hasQuorum, leaderId, term }: { readonly hasQuorum: boolean; readonly leaderId: string | null; readonly term: number }, nowMs: number): LeadershipNews | null {
    if (this.known === null && leaderId === null) return null;
    if (!hasQuorum) return this.missQuorum(nowMs);
    const wasLost = this.isLossTold;
    this.withoutQuorumSinceMs = null;
    this.isLossTold = false;
    const { known } = this;
    // Whoever tells it may be behind: an older term is no news.
    if (leaderId !== null && leaderId !== known?.nodeId && term >= (known?.term ?? 0)) {
      this.known = { nodeId: leaderId, term };
      return { kind: 'leads', nodeId: leaderId, term, before: known?.nodeId ?? null };
    }
    return wasLost ? { kind: 'quorum-back' } : null;
  }

  private missQuorum(nowMs: number): LeadershipNews | null {
    this.withoutQuorumSinceMs ??= nowMs;
    if (this.isLossTold || nowMs - this.withoutQuorumSinceMs < QUORUM_LOST_MS_MIN) return null;
    this.isLossTold = true;
    return { kind: 'quorum-lost' };
  }
}
