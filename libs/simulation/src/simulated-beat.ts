/**
 * A beat on its way in the simulated world: what travels, and whose life it tells of. One is made per beat, so it holds only what is its own
 * and reads the rest from its life and profile.
 */
import type { Beat, Vitals } from '@muster/contracts';
import type { Profile } from '@muster/membership';
import type { Life } from './ground-truth.js';

/** Wall time of the start of every run. Milliseconds since 1970. */
export const EPOCH_UNIX_MS = 1_700_000_000_000;

export class SimulatedBeat implements Beat {
  readonly nodeId: string;

  constructor(
    readonly life: Life,
    private readonly profile: Profile,
    readonly seq: number,
    readonly sentMonoMs: number,
    readonly intervalMs: number,
    readonly state: Beat['state'],
    readonly mainLagMs: number,
    readonly vitals: Vitals,
    /** Virtual time. */
    readonly madeAtMs: number,
  ) {
    this.nodeId = life.nodeId;
  }

  get v(): 1 {
    return 1;
  }

  get incarnation(): number {
    return this.life.incarnation;
  }

  get sentUnixMs(): number {
    return EPOCH_UNIX_MS + this.madeAtMs;
  }

  get service(): string {
    return this.profile.service;
  }

  get zone(): string {
    return this.profile.zone;
  }

  get tags(): Profile['tags'] {
    return this.profile.tags;
  }

  get resources(): Profile['resources'] {
    return this.profile.resources;
  }

  get httpUrl(): string | null {
    return this.profile.httpUrl;
  }

  get probeUrl(): string | null {
    return this.profile.probeUrl;
  }
}
