/**
 * One run of a group from one seed, in two parts: faults without end, in which nothing that was promised may break; then peace, in which
 * whoever is left of it must elect, commit and catch up within a time that can be said beforehand.
 */
import type { PeerId } from '@muster/raft';
import { SeededRandom } from '../seeded-random.js';
import { haveQuorum } from './quorums.js';
import { RaftFaults } from './raft-faults.js';
import type { Fault } from './raft-member.js';
import { drawSettings, type RaftSettings } from './raft-settings.js';
import { type RaftCounts, RaftWorld } from './raft-world.js';

export interface RaftRun {
  readonly seed: number;
  readonly minutes: number;
  /** Instead of a number that is drawn. */
  readonly members?: number;
  /** In place of what is drawn. */
  readonly settings?: Partial<RaftSettings>;
  /** What all members do wrong, to see it noticed. */
  readonly fault?: Fault;
}

export interface RaftRunResult {
  readonly seed: number;
  readonly settings: RaftSettings;
  /** Equal for equal seeds and settings. */
  readonly hash: string;
  readonly violations: readonly string[];
  readonly counts: RaftCounts & { readonly elections: number; readonly committed: number };
  /** From the end of the faults until something new was committed. */
  readonly recoveryMs: number;
  readonly rerun: string;
}

/** Election timeouts, each at its longest, until a leader that can commit is there. Count. */
const ELECTIONS_MAX = 5;
/** To catch up, with snapshots in pieces as small as they are drawn. Milliseconds. */
const CATCH_UP_MS = 60_000;
const LAG_MAX = 40;

export function simulateRaft(run: RaftRun): RaftRunResult {
  const { seed, minutes, members, fault } = run;
  const random = new SeededRandom(seed);
  const settings = { ...drawSettings(random.fork('settings'), members), ...run.settings };
  const world = new RaftWorld(settings, random);
  const faults = new RaftFaults(world, random.fork('faults'));
  let recoveryMs = 0;
  try {
    for (const member of world.members.values()) member.fault = fault ?? null;
    world.start();
    faults.begin();
    world.clock.runUntil(minutes * 60_000);
    faults.end();
    recoveryMs = recover(world, random.fork('rest'));
  } catch (error) {
    world.monitors.violate(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const { violations, elections, committedIndex } = world.monitors;
  const rerun = `npm run simulate -- raft --seed ${seed} --minutes ${minutes}${members === undefined ? '' : ` --members ${members}`}`;
  // Without them a violation cannot be understood.
  if (violations.length > 0) violations.push(JSON.stringify(settings));
  return { seed, settings, hash: world.digest(), violations, counts: { ...world.counts, elections, committed: committedIndex }, recoveryMs, rerun };
}

/** Peace, but for those who stay away for good; the rest are a majority. */
function recover(world: RaftWorld, random: SeededRandom): number {
  const { clock, monitors, settings, members } = world;
  world.calm();
  for (const member of members.values()) member.start();
  // What was paused, written or clogged by then comes to its end first.
  const healedAtMs = Math.max(clock.nowMs(), world.cloggedUntilMs, ...[...members.values()].map(({ stillUntilMs }) => stillUntilMs));
  clock.runUntil(healedAtMs);
  const away = staysAway(world, random);
  for (const id of away) members.get(id)?.crash();
  const before = monitors.committedIndex;
  const withinMs = ELECTIONS_MAX * 2 * settings.electionTicks * settings.tickMs * (1 + settings.clockRateError);
  const isCommitting = (): boolean => monitors.committedIndex > before && (world.leader()?.raft?.commitIndex ?? 0) > before;
  while (!isCommitting() && clock.nowMs() < healedAtMs + withinMs) {
    world.propose();
    clock.runUntil(clock.nowMs() + 50);
  }
  const recoveryMs = Math.max(0, clock.nowMs() - healedAtMs);
  if (!isCommitting()) {
    monitors.violate(`nobody commits ${withinMs.toFixed(0)} ms after the faults ended`);
    return recoveryMs;
  }
  const laggards = (): PeerId[] => lagging(world, away);
  while (laggards().length > 0 && clock.nowMs() < healedAtMs + withinMs + CATCH_UP_MS) clock.runUntil(clock.nowMs() + 100);
  for (const id of laggards()) monitors.violate(`${id} does not catch up: it has applied ${world.stateOf(id).index} of ${monitors.appliedIndex}`);
  const leader = world.leader();
  if (leader !== null && monitors.hashAt(world.stateOf(leader.id).index) !== world.stateOf(leader.id).hash) monitors.violate('the state of the last leader is not what was applied');
  return recoveryMs;
}

/** Some that no configuration of anybody needs. */
function staysAway({ members, ids }: RaftWorld, random: SeededRandom): ReadonlySet<PeerId> {
  const away = new Set<PeerId>();
  if (random.chance(0.5)) return away;
  const configs = [...members.values()].flatMap(({ store, raft }) => [store.config, store.configBefore(store.lastIndex), raft?.config ?? store.config]);
  for (const id of random.sample(ids, ids.length)) {
    away.add(id);
    if (!configs.every((config) => haveQuorum(config, (peer) => !away.has(peer)))) away.delete(id);
  }
  return away;
}

function lagging(world: RaftWorld, away: ReadonlySet<PeerId>): PeerId[] {
  const config = world.leader()?.raft?.config;
  if (config === undefined) return [...world.ids];
  return [...config.voters, ...config.learners].filter((id) => !away.has(id) && world.monitors.appliedIndex - world.stateOf(id).index > LAG_MAX);
}
