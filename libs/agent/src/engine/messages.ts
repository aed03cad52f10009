/** What the main thread and the engine that makes the beats tell each other. Plain data: it crosses threads. */
import type { Beat, Vitals } from '@muster/contracts';

/** What only the main thread knows. */
export interface MainFacts {
  readonly httpUrl: string | null;
  readonly vitals: Pick<Vitals, 'eventLoopDelayMs' | 'errorRate' | 'checks'>;
}

export type BeatIdentity = Pick<Beat, 'v' | 'nodeId' | 'intervalMs' | 'service' | 'zone' | 'tags' | 'resources'>;

/** All that an engine needs to begin, or to go on after another one died. */
export interface EngineSetup {
  readonly identity: BeatIdentity;
  readonly incarnation: number;
  /** Beats of this incarnation went out before: do not wait for anybody. */
  readonly isResumed: boolean;
  readonly state: Beat['state'];
  readonly facts: MainFacts;
  /** Base URLs, each with a slash at its end; `coordinators` changes them. */
  readonly coordinators: readonly string[];
  /** From the contracts: the engine names them as types only, because loading them would double what its thread weighs. */
  readonly wire: { readonly path: string; readonly protocol: string; readonly lineBytesMax: number };
  readonly probe: { readonly host: string; readonly advertiseHost: string } | null;
  /** Whether the main loop is another thread's, and can stand still while the engine runs. */
  readonly watchesMain: boolean;
  readonly shared: SharedArrayBuffer;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type FromEngine =
  /** To be completed with the facts of the main thread and published; answered by `confirmed`. */
  | { readonly kind: 'draft'; readonly beat: Beat; readonly dueMonoMs: number }
  /** Before the first beat, and when it grows. */
  | { readonly kind: 'incarnation'; readonly incarnation: number }
  | { readonly kind: 'drain'; readonly isDraining: boolean; readonly reason: string }
  /** What became of a `say`; after the last word the lanes are closed. */
  | { readonly kind: 'said'; readonly seq: number; readonly wasHeard: boolean }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly facts: object; readonly message: string };

export type ToEngine =
  | { readonly kind: 'confirmed'; readonly seq: number; readonly reason: string | null; readonly facts: MainFacts }
  | { readonly kind: 'coordinators'; readonly urls: readonly string[] }
  /** A word that must arrive, made by the main thread; with `left` the engine falls silent. */
  | { readonly kind: 'say'; readonly beat: Beat };

export const completed = (beat: Beat, facts: MainFacts): Beat => ({ ...beat, httpUrl: facts.httpUrl, vitals: { ...beat.vitals, ...facts.vitals } });
