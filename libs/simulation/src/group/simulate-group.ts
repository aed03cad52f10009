/**
 * One run of coordinators with empty disks from one seed: faults from the first moment on, in which no second group may come about and nobody may lose
 * its place by itself; then peace, in which all belong to one group, know where everybody is, and agree on more.
 */
import { membersOf } from '@muster/raft';
import { SeededRandom } from '../seeded-random.js';
import { ANY } from '../simulated-network.js';
import { GroupFaults } from './group-faults.js';
import { drawGroupSettings, type GroupSettings } from './group-settings.js';
import { GroupWorld } from './group-world.js';
import type { GroupFault, Site } from './site.js';

export interface GroupRun {
  readonly seed: number;
  readonly minutes: number;
  /** Coordinators that found the group, instead of a number that is drawn. */
  readonly members?: number;
  readonly settings?: Partial<GroupSettings>;
  /** What all of them do wrong, to see it noticed. */
  readonly fault?: GroupFault;
}

export interface GroupRunResult {
  readonly seed: number;
  readonly settings: GroupSettings;
  readonly hash: string;
  readonly violations: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly rerun: string;
}

/** To found, elect, find each other, take in who is new and see off who goes: one after the other, each with its pauses. Milliseconds. */
const SETTLE_MS = 90_000;
const LAG_MAX = 20;

export function simulateGroup(run: GroupRun): GroupRunResult {
  const { seed, minutes, members, fault } = run;
  const random = new SeededRandom(seed);
  const settings = { ...drawGroupSettings(random.fork('settings'), members), ...run.settings };
  const world = new GroupWorld(settings, random, fault ?? null);
  const faults = new GroupFaults(world, random.fork('faults'));
  try {
    world.begin();
    faults.begin();
    world.clock.runUntil(minutes * 60_000);
    faults.end();
    recover(world);
  } catch (error) {
    world.monitors.violate(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const { counts, monitors } = world;
  const { violations } = monitors;
  if (violations.length > 0) violations.push(JSON.stringify(settings));
  const rerun = `npm run simulate -- group --seed ${seed} --minutes ${minutes}${members === undefined ? '' : ` --members ${members}`}`;
  return { seed, settings, hash: world.digest(), violations, rerun, counts: { ...counts, elections: monitors.elections } };
}

function recover(world: GroupWorld): void {
  const { clock, sites, network, monitors, counts } = world;
  world.isCalm = true;
  for (const from of sites) for (const to of sites) network.change(from.place, to.place, null);
  network.change(ANY, ANY, { lossRate: 0, delayMsTail: 1, delayMsMax: 50 });
  for (const { disk } of sites) disk.member.isCalm = true;
  clock.runUntil(Math.max(clock.nowMs(), ...sites.map(({ disk }) => disk.member.stillUntilMs)) + 1);
  for (const site of sites) site.start();
  const acknowledged = counts.acknowledged;
  const deadlineMs = clock.nowMs() + SETTLE_MS;
  const problems = (): string[] => [...unsettled(world), ...(counts.acknowledged > acknowledged ? [] : ['nothing more is agreed on'])];
  while (problems().length > 0 && clock.nowMs() < deadlineMs) clock.runUntil(clock.nowMs() + 250);
  for (const problem of problems()) monitors.violate(`${problem}, ${(SETTLE_MS / 1000).toFixed(0)} s after the faults ended`);
}

/** What is not yet as it should be in the end, in words. */
function unsettled(world: GroupWorld): string[] {
  const leader = world.leader();
  const config = leader?.disk.member.raft?.config;
  if (leader?.membership === null || leader === null || config === undefined) return ['nobody leads', ...world.sites.map((site) => `${site.nodeId}: ${site.forming?.detail ?? `in ${site.disk.clusterId ?? ''}`}`)];
  const { directory, clusterId, appliedIndex } = leader.membership;
  const problems: string[] = [];
  if (config.outgoing.length > 0 || config.learners.length > 0) problems.push(`the configuration is ${JSON.stringify(config)}`);
  const names = world.sites.filter(({ disk }) => !directory.tombstones.includes(disk.storeId)).map(({ nodeId }) => nodeId);
  for (const stranger of membersOf(config).filter((member) => !names.includes(member))) problems.push(`${stranger} has a place and should have none`);
  for (const site of world.sites) {
    const problem = names.includes(site.nodeId) ? troubleOf(site, clusterId, appliedIndex) : ignorance(site);
    const peer = directory.peers.find(({ nodeId }) => nodeId === site.nodeId);
    if (problem !== null) problems.push(`${site.nodeId} ${problem}`);
    else if (names.includes(site.nodeId) && !config.voters.includes(site.nodeId)) problems.push(`${site.nodeId} has no vote`);
    else if (names.includes(site.nodeId) && (peer?.storeId !== site.disk.storeId || peer.httpUrl !== site.httpUrl || peer.raftUrl !== site.raftUrl || peer.leaving)) problems.push(`of ${site.nodeId} it is agreed ${JSON.stringify(peer)}`);
  }
  return problems;
}

function troubleOf({ membership, forming }: Site, clusterId: string, index: number): string | null {
  if (membership === null) return `belongs to no group: ${forming?.detail ?? ''}`;
  if (membership.clusterId !== clusterId) return `belongs to ${membership.clusterId}, the leader to ${clusterId}`;
  return index - membership.appliedIndex > LAG_MAX ? `has applied ${membership.appliedIndex} of ${index}` : null;
}

/** Whoever was put out has to be told. */
function ignorance({ membership }: Site): string | null {
  return membership === null || membership.steward.removed !== null ? null : 'does not know that it was removed';
}
