/** Why a command was refused when it was applied: as data for programs, in words for people. */
import type { MemberStatus } from '@muster/contracts';
import type { Command } from './command.js';

export type Rejection =
  | { readonly kind: 'stale-term'; readonly seen: number; readonly current: number }
  | { readonly kind: 'unknown-member'; readonly nodeId: string }
  | { readonly kind: 'stale-incarnation'; readonly nodeId: string; readonly seen: number; readonly current: number }
  /** The proposer had not seen a beat that the state knows of. */
  | { readonly kind: 'stale-evidence'; readonly nodeId: string; readonly seen: number; readonly current: number }
  | { readonly kind: 'wrong-status'; readonly nodeId: string; readonly command: Command['kind']; readonly status: MemberStatus }
  | { readonly kind: 'too-early'; readonly nodeId: string; readonly untilUnixMs: number }
  /** It is so already; whoever asks again has what was asked for. */
  | { readonly kind: 'already'; readonly nodeId: string; readonly command: Command['kind']; readonly is: string }
  /** Evicted by an operator: this incarnation is not taken back. */
  | { readonly kind: 'evicted'; readonly nodeId: string; readonly incarnation: number }
  /** Failed so often of late that nothing better is said of it before that time. */
  | { readonly kind: 'damped'; readonly nodeId: string; readonly command: Command['kind']; readonly penalty: number; readonly untilUnixMs: number }
  /** Silent together with many others: not declared dead for silence before that time. */
  | { readonly kind: 'braked'; readonly nodeId: string; readonly zone: string | null; readonly untilUnixMs: number }
  /** None of those named is a member that a brake of that zone could protect, or all of them are protected. */
  | { readonly kind: 'nobody-to-protect'; readonly zone: string | null }
  | { readonly kind: 'no-brake'; readonly zone: string | null };

/** A rejection in words, for logs and answers. */
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
    case 'already':
      return `${rejection.nodeId} is ${rejection.is} already`;
    case 'evicted':
      return `incarnation ${rejection.incarnation} of ${rejection.nodeId} was evicted: only a restart of it joins again`;
    case 'damped':
      return `${rejection.nodeId} failed too often of late (penalty ${rejection.penalty.toFixed(2)}): no ${rejection.command} until ${rejection.untilUnixMs}`;
    case 'braked':
      return `${rejection.nodeId} fell silent with many others: the brake of ${placeOf(rejection.zone)} protects it until ${rejection.untilUnixMs}`;
    case 'nobody-to-protect':
      return `nobody more to protect by the brake of ${placeOf(rejection.zone)}`;
    case 'no-brake':
      return `there is no brake of ${placeOf(rejection.zone)}`;
  }
}

function placeOf(zone: string | null): string {
  return zone === null ? 'the cluster' : `zone ${zone}`;
}
