/**
 * What can be proposed about members. A command says what its proposer knew (term, incarnation, last sequence), so that
 * it can be refused when it is applied and something newer is known by then.
 */
import type { MemberStatus } from '@muster/contracts';
import type { Profile } from './member.js';

interface About {
  /** Term in which it was proposed. */
  readonly term: number;
  /** Wall time of the proposal. Milliseconds since 1970. */
  readonly atUnixMs: number;
  readonly nodeId: string;
  readonly incarnation: number;
  /** Highest sequence number that the proposer had seen of this incarnation. >= 0. */
  readonly seq: number;
  /** For people: `no heartbeat for 3.0 s (phi 8.0)`. */
  readonly reason: string;
}

export type FailureClass = 'crashed' | 'unreachable';

export type MemberCommand =
  /** A node beats that is not a member, or under a newer incarnation, or after its failure. */
  | (About & { readonly kind: 'join'; readonly profile: Profile })
  /** The member announces another address or other tags. */
  | (About & { readonly kind: 'describe'; readonly profile: Profile })
  /** A joining member has shown what it must. */
  | (About & { readonly kind: 'admit' })
  | (About & { readonly kind: 'grade'; readonly to: 'HEALTHY' | 'DEGRADED' })
  | (About & { readonly kind: 'suspect'; readonly silenceMs: number })
  /** The suspect gave a sign of life. */
  | (About & { readonly kind: 'clear' })
  | (About & { readonly kind: 'down'; readonly silenceMs: number; readonly failure: FailureClass })
  /** The member announced that it is about to leave. */
  | (About & { readonly kind: 'leave' })
  /** Its last word, or the end of waiting for it. */
  | (About & { readonly kind: 'left' })
  /** DOWN or LEFT for so long that it is forgotten. */
  | (About & { readonly kind: 'reap' });

/** Changes up to this index are on the bus. */
export interface PublishedCommand {
  readonly kind: 'published';
  readonly term: number;
  readonly upToIndex: number;
}

export type Command = MemberCommand | PublishedCommand;

export type Rejection =
  | { readonly kind: 'stale-term'; readonly seen: number; readonly current: number }
  | { readonly kind: 'unknown-member'; readonly nodeId: string }
  | { readonly kind: 'stale-incarnation'; readonly nodeId: string; readonly seen: number; readonly current: number }
  /** The proposer had not seen a beat that the state knows of. */
  | { readonly kind: 'stale-evidence'; readonly nodeId: string; readonly seen: number; readonly current: number }
  | { readonly kind: 'wrong-status'; readonly nodeId: string; readonly command: Command['kind']; readonly status: MemberStatus }
  | { readonly kind: 'too-early'; readonly nodeId: string; readonly untilUnixMs: number };

/** A rejection in words, for logs. */
export function describeRejection(rejection: Rejection): string {
  switch (rejection.kind) {
    case 'stale-term':
      return `proposed in term ${rejection.seen}, the term is ${rejection.current}`;
    case 'unknown-member':
      return `${rejection.nodeId} is not a member`;
    case 'stale-incarnation':
      return `about incarnation ${rejection.seen} of ${rejection.nodeId}, which is now ${rejection.current}`;
    case 'stale-evidence':
      return `knew beat ${rejection.seen} of ${rejection.nodeId}, the state knows ${rejection.current}`;
    case 'wrong-status':
      return `${rejection.command} does not apply to ${rejection.nodeId}, which is ${rejection.status}`;
    case 'too-early':
      return `${rejection.nodeId} is kept until ${rejection.untilUnixMs}`;
  }
}
