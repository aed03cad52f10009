/**
 * Whether so many are silent at once that silence is a question about us or the network: the brake on verdicts.
 *
 * Counts; what a brake forbids, and when it lets go at a limited rate, is decided by `membership`.
 */
import type { Brake } from '@muster/contracts';
import { isGone, type Member } from '@muster/membership';

/** Silent members and all members, per zone and together. */
export interface Census {
  readonly zones: ReadonlyMap<string, Count>;
  readonly cluster: Count;
}

export interface Count {
  readonly silent: readonly string[];
  readonly all: number;
}

/** Fewer silent members are never a mass. Count. */
const MASS_MIN = 2;

export function census(members: Iterable<Member>, isSilent: (nodeId: string) => boolean): Census {
  const zones = new Map<string, { silent: string[]; all: number }>();
  const cluster: { silent: string[]; all: number } = { silent: [], all: 0 };
  for (const { record } of members) {
    if (isGone(record.status) || record.status === 'LEAVING') continue;
    const zone = zones.get(record.zone) ?? { silent: [], all: 0 };
    zones.set(record.zone, zone);
    zone.all += 1;
    cluster.all += 1;
    if (!isSilent(record.nodeId)) continue;
    zone.silent.push(record.nodeId);
    cluster.silent.push(record.nodeId);
  }
  return { zones, cluster };
}

export function isMass({ silent, all }: Count, fraction: number): boolean {
  return fraction < 1 && silent.length >= MASS_MIN && silent.length > fraction * all;
}

/** Where to brake for a silent member of that zone: one zone when only it is dark and others are there to compare with, else the cluster; undefined: nowhere. */
export function whereToBrake({ zones, cluster }: Census, zone: string, fraction: number): { readonly zone: string | null; readonly count: Count } | undefined {
  const own = zones.get(zone);
  const isOwnMass = own !== undefined && isMass(own, fraction);
  const isClusterMass = isMass(cluster, fraction);
  if (isOwnMass && zones.size > 1 && (!isClusterMass || own.silent.length === cluster.silent.length)) return { zone, count: own };
  return isClusterMass ? { zone: null, count: cluster } : undefined;
}

/** Whether enough of those whom a brake protects are back. Who was removed in spite of it did not come back. */
export function mayRelease(brake: Brake, area: Count, { removed, fraction }: { readonly removed: number; readonly fraction: number }): boolean {
  const covered = new Set(brake.nodeIds);
  let silent = removed;
  for (const nodeId of area.silent) if (covered.has(nodeId)) silent += 1;
  return silent < MASS_MIN || silent <= fraction * (area.all + removed);
}
