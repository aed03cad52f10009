/** What one observer has seen of one life of one node; one record per node, changed in place because every beat writes to it. */
import type { Beat, MemberRecord, Vitals } from '@muster/contracts';
import type { HealthTracker } from '@muster/health-score';
import type { Profile } from '@muster/membership';
import type { Looks } from './looks.js';

export interface Seen {
  readonly nodeId: string;
  readonly incarnation: number;
  readonly health: HealthTracker;
  /** Highest sequence number; 0 before its first beat. */
  seq: number;
  state: Beat['state'];
  profile: Profile;
  /** Whether the agreed record says the same of its address and tags, as far as was looked at. */
  isProfileAgreed: boolean;
  vitals: Vitals | null;
  /** Which of its last beats came, see `arrivals`. */
  came: number;
  /** Some of its last beats were lost. */
  isLossy: boolean;
  /** Beats are lost again and again: one of them is no recovery. */
  isUnsteady: boolean;
  /** Beats in a row that it owes since its last outage; 0 when it owes none. */
  owed: number;
  looks: Looks;
  /** Its last beat came by a lane on which it lay for more than an interval: it shows how the node was, not how it is. */
  isBelated: boolean;
  lastBeatUnixMs: number;
  joiningBeats: number;
  joiningSinceMs: number;
  /** Since when it shows itself without an interruption. */
  steadySinceMs: number;
  /** When there was last a finding against it, or silence past its deadline: what it owes lapses some time after that. */
  troubledAtMs: number;
  /** When it was suspected, while it is; Infinity otherwise. */
  suspectedAtMs: number;
  /** How long its main loop had not moved by its own word, and when it said so. */
  mainLagMs: number;
  mainLagAtMs: number;
  /** Partition that carries its beats; -1 while unknown. */
  partition: number;
  /** Its last beat that came without the bus. */
  directAtMs: number;
  /** Since when it answers probes while its beats are missing; Infinity when it does not. */
  answeringSinceMs: number;
  /** It answered a probe once: that nobody listens there any more is news. */
  isProbeable: boolean;
  /** Its sequence number when it was proven gone; 0 when it was not. */
  crashedSeq: number;
}

export function profileOf({ service, zone, tags, resources, httpUrl, probeUrl }: Profile): Profile {
  return { service, zone, tags, resources, httpUrl, probeUrl };
}

export function isSameProfile(a: Profile, b: Profile): boolean {
  if (a.httpUrl !== b.httpUrl || a.probeUrl !== b.probeUrl || a.zone !== b.zone || a.service !== b.service) return false;
  if (a.resources.cores !== b.resources.cores || a.resources.memoryBytes !== b.resources.memoryBytes) return false;
  return a.tags === b.tags || (isWithin(a.tags, b.tags) && isWithin(b.tags, a.tags));
}

export function stateOf(status: MemberRecord['status']): Beat['state'] {
  if (status === 'LEFT') return 'left';
  return status === 'LEAVING' ? 'leaving' : 'running';
}

function isWithin(tags: Profile['tags'], others: Profile['tags']): boolean {
  // No list of the names: this runs for every beat.
  for (const name in tags) if (tags[name] !== others[name]) return false;
  return true;
}
