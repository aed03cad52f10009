/** What HTTP needs of the Raft group, by shape: `RaftGroup` in life, whatever a test makes up. */
import type { RaftIntroduction, RaftJoin, RaftJoinAnswer, RaftStatus } from '@muster/contracts';

export interface LeaderAddress {
  readonly nodeId: string;
  readonly httpUrl: string;
}

export interface RaftControl {
  readonly nodeId: string;
  status(): RaftStatus;
  leader(): LeaderAddress | null;
  isLeader(): boolean;
  /** Resolves when everything is applied here that was committed anywhere when it was called. */
  read(timeoutMs?: number): Promise<number>;
  introduce(nonce: string): { readonly body: RaftIntroduction; readonly signature: string };
  /** At the leader: what a wish to join is to be signed over. */
  joinNonce(): Promise<string>;
  join(request: RaftJoin, nonce: string): Promise<RaftJoinAnswer>;
  verify(signature: string, nonce: string, text: string): boolean;
  addPeer(peer: RaftJoin): Promise<void>;
  removePeer(nodeId: string): Promise<void>;
  replacePeer(oldNodeId: string, by: RaftJoin): Promise<void>;
  /** Resolves with who leads then. */
  transfer(to?: string): Promise<string>;
  /** Makes a snapshot of the store now; resolves with its index. */
  compact(): Promise<number>;
}

/** Why the group did not do it. By shape: the class may come from another copy of the module. */
export type Unavailability = 'not-leader' | 'busy' | 'refused' | 'lost' | 'unknown';
const UNAVAILABILITIES: readonly string[] = ['not-leader', 'busy', 'refused', 'lost', 'unknown'] satisfies Unavailability[];

/** Null for an error that is none of the group's. */
export function unavailability(error: unknown): Unavailability | null {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return name === 'RaftUnavailable' && typeof code === 'string' && UNAVAILABILITIES.includes(code) ? (code as Unavailability) : null;
}
