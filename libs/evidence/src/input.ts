/** What an observer is told: everything that it may know comes in here, with the time at which it was learnt. */
import type { ProbeResult } from '@muster/contracts';
import type { Change, Outcome } from '@muster/membership';
import type { NewestBeat } from './newest-beats.js';

/** A moment on both clocks: decisions use the first, people read the second. */
export interface Now {
  readonly ms: number;
  readonly unixMs: number;
}

/** How beats came: through the bus, by `POST /cluster/beats`, over a direct lane, or from our own agent without a network. */
export type Lane = 'bus' | 'http' | 'direct' | 'local';

export type ObserverInput =
  /** Beats that arrived together, the newest of each node, on one lane. */
  | {
      readonly kind: 'beats';
      readonly beats: Iterable<NewestBeat>;
      readonly lane: Lane;
      /** Partition of the heartbeats topic that brought them; null when it was not the bus. */
      readonly partition: number | null;
    }
  /** Every `TICK_MS`, as exactly as the loop can. That it comes late is how the observer learns that it did not run. */
  | { readonly kind: 'tick' }
  /** The moment that was armed has come. Give it after everything that had arrived before. */
  | { readonly kind: 'alarm' }
  /** What came of a `probe` effect: exactly one answer to each, also when it could not be asked. */
  | {
      readonly kind: 'probed';
      readonly nodeId: string;
      readonly incarnation: number;
      /** As in the effect. */
      readonly by: string;
      /** Null: no opinion, because the member that was asked could not be reached or did not answer. */
      readonly result: ProbeResult | null;
      /** How long the main loop of the target has not moved. Milliseconds; 0 unless `answered`. */
      readonly mainLagMs: number;
      /** As in the effect. */
      readonly askedAtMs: number;
      /** How late the loop of the asker was meanwhile. Milliseconds. */
      readonly lateMs: number;
    }
  /** A direct lane to us was opened, or closed by whatever it was. */
  | { readonly kind: 'lane'; readonly nodeId: string; readonly incarnation: number; readonly is: 'open' | 'closed' }
  /** Whether the bus is there, as far as its client knows. */
  | { readonly kind: 'bus'; readonly isUp: boolean }
  /** Changes that were applied, in order, before anything else is told. */
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  /** What became of a `propose` effect: exactly one to each ticket, after the changes that it made. */
  | {
      readonly kind: 'settled';
      readonly ticket: number;
      /** `withdrawn`: nothing of it held any more. `unavailable`: the log did not take it; it may have been kept all the same. */
      readonly result: 'applied' | 'withdrawn' | 'unavailable';
      /** What applying the entry gave; null unless `applied`. */
      readonly outcome: Outcome | null;
    }
  /** Who may propose. The term goes into commands. */
  | { readonly kind: 'role'; readonly isLeader: boolean; readonly term: number };
