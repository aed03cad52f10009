/**
 * Attempts that wait for the head of an answer, by member, so that they can be called off when the member falls into doubt.
 *
 * A frozen process accepts connections and answers nobody: without this, whoever asked it would wait until the time limit although
 * others could answer at once. Decides nothing about what may be repeated; the proxy enlists only what may.
 */
import type { MemberStatusView } from '@muster/contracts';

type CallOff = (why: string) => void;

export class Waiting {
  private readonly byMember = new Map<string, Set<CallOff>>();

  /** Enlists an attempt until what it returns is called. */
  enlist(nodeId: string, callOff: CallOff): () => void {
    const waiters = this.byMember.get(nodeId) ?? new Set();
    this.byMember.set(nodeId, waiters.add(callOff));
    return () => {
      waiters.delete(callOff);
      if (waiters.size === 0 && this.byMember.get(nodeId) === waiters) this.byMember.delete(nodeId);
    };
  }

  /** Calls off what waits for members that are SUSPECT or DOWN. Those under a brake are not doubted by silence alone. */
  update(members: readonly MemberStatusView[], braked: ReadonlySet<string>): void {
    if (this.byMember.size === 0) return;
    for (const { nodeId, status, reason } of members) {
      if ((status !== 'SUSPECT' && status !== 'DOWN') || braked.has(nodeId)) continue;
      for (const callOff of this.byMember.get(nodeId) ?? []) callOff(`it became ${status} meanwhile: ${reason}`);
    }
  }
}
