/**
 * Which members to ask what they see of another: those with an open lane to us, from another zone and host if there are any, in turn. Who
 * was asked about it and did not answer comes last: somebody else may be heard.
 *
 * Nothing here is random: the same lanes and the same rounds give the same members.
 */
import type { Profile } from '@muster/membership';

export interface Candidate {
  readonly nodeId: string;
  readonly profile: Profile;
}

export interface Choice {
  readonly count: number;
  readonly round: number;
  /** The profile of who may be asked now; null for who may not. */
  readonly able: (nodeId: string) => Profile | null;
  /** Whether somebody is asked only when there is nobody else. */
  readonly isLast: (nodeId: string) => boolean;
}

/** Lanes looked at for one choice. Count. */
const LOOKED_AT_MAX = 32;

export class Witnesses {
  private readonly place = new Map<string, number>();
  private readonly open: string[] = [];
  private readonly hosts = new WeakMap<Profile, string>();

  opened(nodeId: string): void {
    if (this.place.has(nodeId)) return;
    this.place.set(nodeId, this.open.push(nodeId) - 1);
  }

  closed(nodeId: string): void {
    const place = this.place.get(nodeId);
    if (place === undefined) return;
    this.place.delete(nodeId);
    const last = this.open.pop();
    if (last === undefined || last === nodeId) return;
    this.open[place] = last;
    this.place.set(last, place);
  }

  has(nodeId: string): boolean {
    return this.place.has(nodeId);
  }

  /** At most `count` members for that round about the target. */
  choose(target: Candidate, options: Choice): readonly string[] {
    const { count, round, able, isLast } = options;
    // By rank, in the order in which they were found: equals take turns.
    const found: readonly string[][] = [[], [], [], [], [], [], [], []];
    const host = this.hostOf(target.profile);
    const start = hash(target.nodeId) + round * count;
    // So many of the best are all that can be chosen: most looks end after a few.
    for (let step = 0; step < Math.min(this.open.length, LOOKED_AT_MAX) && found[0]?.length !== count; step++) {
      const nodeId = this.open[(start + step) % this.open.length];
      if (nodeId === undefined || nodeId === target.nodeId) continue;
      const profile = able(nodeId);
      if (profile !== null) found[this.rank(target.profile, host, profile) + (isLast(nodeId) ? 4 : 0)]?.push(nodeId);
    }
    return found.flat().slice(0, count);
  }

  /** Who fails together with the target sees least: 0 is best, 3 is worst. */
  private rank(target: Profile, host: string, witness: Profile): number {
    return (host !== '' && host === this.hostOf(witness) ? 2 : 0) + (target.zone === witness.zone ? 1 : 0);
  }

  private hostOf(profile: Profile): string {
    let host = this.hosts.get(profile);
    if (host === undefined) {
      host = /^[a-z]+:\/\/(\[[^\]]*\]|[^:/]+)/.exec(profile.probeUrl ?? profile.httpUrl ?? '')?.[1] ?? '';
      this.hosts.set(profile, host);
    }
    return host;
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return value;
}
