/**
 * What can be proposed. A verdict says what its proposer knew (term, incarnation, last sequence), so that it can be refused when it is
 * applied and something newer is known by then; an operator speaks about the member as it is.
 */
import type { Profile } from './member.js';
import type { MembershipRules } from './rules.js';

interface Told {
  /** Term in which it was proposed. */
  readonly term: number;
  /** Wall time of the proposal. Milliseconds since 1970. */
  readonly atUnixMs: number;
  /** For people: `no heartbeat for 3.0 s (phi 8.0)`. An operator's names who asked, and why. */
  readonly reason: string;
}

interface About extends Told {
  readonly nodeId: string;
  readonly incarnation: number;
  /** Highest sequence number that the proposer had seen of this incarnation. >= 0. */
  readonly seq: number;
}

/** How a member failed. Only `unreachable` is held up by a brake; `evicted` cannot be refuted. */
export const FAILURE_CLASSES = ['crashed', 'unreachable', 'hung', 'evicted'] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** `stalled`: the process exists and does not run; not the same fault as silence, and forgiven sooner. */
export type SuspectCause = 'silence' | 'stalled';

export type MemberCommand =
  /** A node beats that is not a member, or under a newer incarnation, or after its failure. */
  | (About & { readonly kind: 'join'; readonly profile: Profile })
  /** The member announces another address or other tags. */
  | (About & { readonly kind: 'describe'; readonly profile: Profile })
  /** A joining member has shown what it must. */
  | (About & { readonly kind: 'admit' })
  | (About & { readonly kind: 'grade'; readonly to: 'HEALTHY' | 'DEGRADED' })
  | (About & { readonly kind: 'suspect'; readonly cause: SuspectCause; readonly silenceMs: number })
  /** The suspect gave a sign of life. */
  | (About & { readonly kind: 'clear' })
  | (About & { readonly kind: 'down'; readonly silenceMs: number; readonly failure: FailureClass })
  /** The member announced that it is about to leave. */
  | (About & { readonly kind: 'leave' })
  /** Its last word, or the end of waiting for it. */
  | (About & { readonly kind: 'left' })
  /** DOWN or LEFT for so long that it is forgotten. */
  | (About & { readonly kind: 'reap' });

/** What an operator asks for. `uncordon` ends draining too; `evict` is DOWN that the same incarnation cannot refute. */
export interface OperatorCommand extends Told {
  readonly kind: 'cordon' | 'uncordon' | 'drain' | 'evict';
  readonly nodeId: string;
  /** Refused when the member is another one by then. Absent: whichever it is. */
  readonly incarnation?: number;
}

/** Protects members that fell silent together from being declared dead for it. A brake that is there already grows. */
export interface BrakeCommand extends Told {
  readonly kind: 'brake';
  /** Null: the whole cluster. */
  readonly zone: string | null;
  readonly nodeIds: readonly string[];
  /** Silence under the brake after which a member may be removed after all, one after the other. Milliseconds. */
  readonly holdMs: number;
}

export interface ReleaseCommand extends Told {
  readonly kind: 'release';
  readonly zone: string | null;
}

/** The first entry of a fresh log, and whenever the leader's settings differ from the agreed ones. */
export interface RulesCommand extends Told {
  readonly kind: 'rules';
  readonly rules: MembershipRules;
}

/** What can be one of many. */
export type SingleCommand = MemberCommand | OperatorCommand | BrakeCommand | ReleaseCommand | RulesCommand;

/** One entry for many nodes: each command is applied or rejected on its own, in order. Not empty. */
export interface ManyCommand {
  readonly kind: 'many';
  readonly term: number;
  readonly atUnixMs: number;
  readonly commands: readonly SingleCommand[];
}

/** Changes up to this index are on the bus. */
export interface PublishedCommand {
  readonly kind: 'published';
  readonly term: number;
  readonly upToIndex: number;
}

export type Command = SingleCommand | ManyCommand | PublishedCommand;
