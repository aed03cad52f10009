/** What is done to coordinators, one at a time; each undoes itself. */
import { setTimeout as pause } from 'node:timers/promises';
import type { CoordinatorGroup, Seat } from '@muster/test-cluster';

export interface Harm {
  readonly key: string;
  readonly title: string;
  readonly needsLinks: boolean;
  /** Who is rightly given up meanwhile. */
  readonly mayFall: 'leader' | 'follower' | 'nobody';
  /** Resolves when the harm is undone. */
  readonly run: (group: CoordinatorGroup, leader: Seat) => Promise<void>;
}

const STOPPED_MS = 5000;
const CUT_MS = 4000;
const DEAD_MS = 1500;
const BUS_MS = 4000;

const others = (group: CoordinatorGroup, seat: Seat): readonly Seat[] => group.seats.filter((other) => other !== seat);

/** The one that is harmed when a follower is. */
export function follower(group: CoordinatorGroup, leader: Seat): Seat {
  const found = others(group, leader)[0];
  if (found === undefined) throw new Error('a group of one has no follower');
  return found;
}

async function killed(group: CoordinatorGroup, seat: Seat): Promise<void> {
  seat.kill();
  await pause(DEAD_MS);
  await group.start(seat);
}

async function stopped(seat: Seat): Promise<void> {
  seat.pause();
  await pause(STOPPED_MS);
  seat.resume();
}

/** `deaf`: nothing reaches it; `dumb`: nothing it says arrives. Both: it is cut off. */
async function cut(group: CoordinatorGroup, seat: Seat, { deaf, dumb }: { readonly deaf: boolean; readonly dumb: boolean }): Promise<void> {
  for (const other of others(group, seat)) {
    if (deaf) other.mute(seat);
    if (dumb) seat.mute(other);
  }
  await pause(CUT_MS);
  for (const other of others(group, seat)) {
    other.unmute(seat);
    seat.unmute(other);
  }
}

export const HARMS: readonly Harm[] = [
  { key: 'kill', title: 'kill -9 of the leader', needsLinks: false, mayFall: 'leader', run: killed },
  { key: 'kill-follower', title: 'kill -9 of a follower', needsLinks: false, mayFall: 'follower', run: (group, leader) => killed(group, follower(group, leader)) },
  { key: 'term', title: 'SIGTERM of the leader', needsLinks: false, mayFall: 'leader', run: async (group, leader) => leader.stop().then(() => group.start(leader)) },
  { key: 'stop-5', title: 'SIGSTOP of the leader, 5 s', needsLinks: false, mayFall: 'nobody', run: (_, leader) => stopped(leader) },
  { key: 'cut', title: 'leader cut off, 4 s', needsLinks: true, mayFall: 'leader', run: (group, leader) => cut(group, leader, { deaf: true, dumb: true }) },
  { key: 'deaf', title: 'leader hears nobody, 4 s', needsLinks: true, mayFall: 'leader', run: (group, leader) => cut(group, leader, { deaf: true, dumb: false }) },
  { key: 'dumb', title: 'nobody hears the leader, 4 s', needsLinks: true, mayFall: 'leader', run: (group, leader) => cut(group, leader, { deaf: false, dumb: true }) },
  {
    key: 'bus',
    title: 'bus stopped, 4 s',
    needsLinks: false,
    mayFall: 'nobody',
    run: async (group) => {
      group.pauseBus();
      await pause(BUS_MS);
      group.resumeBus();
    },
  },
];
export const HARM_KEYS: readonly string[] = HARMS.map(({ key }) => key);
