/** What a committed command did, numbered by the log. These are kept, published and streamed, in order. */
import type { Brake, MemberRecord, MemberStatus } from '@muster/contracts';
import type { FailureClass } from './command.js';

interface Numbered {
  readonly index: number;
  readonly term: number;
  /** Place among the changes of the same entry. >= 0. */
  readonly ordinal: number;
  /** Wall time of the command, for people: when it happened. Milliseconds since 1970. */
  readonly atUnixMs: number;
}

export type Change =
  | (Numbered & {
      readonly kind: 'transition';
      readonly from: MemberStatus | null;
      readonly member: MemberRecord;
      readonly silenceMs: number | null;
      /** How it failed, for a transition to DOWN; null otherwise. */
      readonly failure: FailureClass | null;
    })
  /** The same member with the same status under another address, other tags or other marks. */
  | (Numbered & { readonly kind: 'updated'; readonly member: MemberRecord; /** Why, in the words of the command. The member's own reason is about its status. */ readonly reason: string })
  /** Forgotten after a long time as DOWN or LEFT. */
  | (Numbered & { readonly kind: 'removed'; readonly nodeId: string })
  /** A brake holds from now on, protects more members, or lets go (then it is shown as it was last). Members that leave it one by one are no change of it. */
  | (Numbered & { readonly kind: 'brake'; readonly step: 'engaged' | 'grown' | 'released'; readonly brake: Brake; readonly reason: string });

/** A change before it has its number. */
export type Unnumbered<C extends Change = Change> = C extends Change ? Omit<C, keyof Numbered> : never;
