/** What an observer wants done. Effects are performed in the order in which they are returned. */
import type { EvidenceClass, ProbeResult, ProbeTarget } from '@muster/contracts';
import type { SingleCommand } from '@muster/membership';
import type { Withheld } from './sight.js';

/** Something worth a line of log or a metric. */
export type Note =
  /** A SUSPECT or DOWN of ours was committed. */
  | { readonly kind: 'verdict'; readonly nodeId: string; readonly status: 'SUSPECT' | 'DOWN'; readonly class: EvidenceClass; readonly silenceMs: number; /** From proposal to commit. Milliseconds. */ readonly commitMs: number }
  /** A member in service turned out to be another process: the old one failed without our seeing it. */
  | { readonly kind: 'replaced'; readonly nodeId: string }
  /** Evidence asks for a verdict that is not given. Told when it begins, once for each cause. */
  | { readonly kind: 'withheld'; readonly nodeId: string; readonly cause: Withheld['cause']; readonly detail: string }
  /** Time in which we did not look; deadlines moved. `partition` null: the whole loop stood still. */
  | { readonly kind: 'unobserved'; readonly partition: number | null; readonly unobservedMs: number }
  | { readonly kind: 'rejected'; /** Null: a brake, of a zone or of the cluster. */ readonly nodeId: string | null; readonly command: SingleCommand['kind']; readonly why: string }
  /** A probe came back; `isOwn`: we looked ourselves. Result null: no opinion. */
  | { readonly kind: 'probed'; readonly nodeId: string; readonly by: string; readonly isOwn: boolean; readonly result: ProbeResult | null };


export type Effect =
  /** The one timer: replaces what was armed before; null disarms it. */
  | { readonly kind: 'arm'; readonly atMs: number | null }
  /** Look at the target: ourselves when `by` is our own id, else by asking that member over its direct lane. Answered by `probed`. */
  | { readonly kind: 'probe'; readonly target: ProbeTarget; readonly by: string; readonly timeLimitMs: number; readonly askedAtMs: number }
  /** Put into the log as one entry what `stillHolds(ticket)` says when it is appended. Answered by `settled`. */
  | { readonly kind: 'propose'; readonly ticket: number; readonly commands: readonly SingleCommand[] }
  | { readonly kind: 'report'; readonly note: Note };
