/** A beat on its way in the simulated world: what travels, and whose life it tells of. One is made per beat; everything that never changes is shared. */
import type { Beat, Vitals } from '@muster/contracts';
import type { Profile } from '@muster/membership';
import type { Life } from './ground-truth.js';

/** Wall time of the start of every run. Milliseconds since 1970. */
export const EPOCH_UNIX_MS = 1_700_000_000_000;

export class SimulatedBeat implements Beat {
  readonly v = 1;
  readonly nodeId: string;
  readonly incarnation: number;
  readonly sentUnixMs: number;
  readonly service: string;
  readonly zone: string;
  readonly tags: Profile['tags'];
  readonly resources: Profile['resources'];
  readonly httpUrl: string | null;
  readonly probeUrl: string | null;

  constructor(
    readonly life: Life,
    profile: Profile,
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
    this.incarnation = life.incarnation;
    this.sentUnixMs = EPOCH_UNIX_MS + madeAtMs;
    this.service = profile.service;
    this.zone = profile.zone;
    this.tags = profile.tags;
    this.resources = profile.resources;
    this.httpUrl = profile.httpUrl;
    this.probeUrl = profile.probeUrl;
  }
}
