/**
 * One run of the whole control plane from one seed: faults, in which nothing may break; then peace, in which the coordinators must agree,
 * know who lives and who does not, notice two more deaths in time, and have told Kafka everything.
 */
import { isGone } from '@muster/membership';
import { SeededRandom } from '../seeded-random.js';
import { ControlFaults } from './control-faults.js';
import { type ControlSettings, drawControlSettings } from './control-settings.js';
import { ControlWorld } from './control-world.js';

export interface ControlRun {
  readonly seed: number;
  readonly minutes: number;
  readonly members?: number;
  readonly settings?: Partial<ControlSettings>;
}

export interface ControlRunResult {
  readonly seed: number;
  readonly settings: ControlSettings;
  readonly hash: string;
  readonly violations: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly rerun: string;
}

/** Election timeouts, each at its longest, until a coordinator has the mandate. Count. */
const ELECTIONS_MAX = 5;
/** For the main thread to ask and be told that it may judge. Milliseconds. */
const MANDATE_MS = 2000;
/** What was going on is settled by then: detection, Kafka's pauses, members that come back. Milliseconds. */
const SETTLE_MS = 45_000;
/** Of a process, and of a host: `failure.timeoutMs` and the time to notice. Milliseconds. */
const DETECT_MS = 17_000;
const BRAKE_MS = 75_000;

export function simulateControl(run: ControlRun): ControlRunResult {
  const { seed, minutes, members } = run;
  const random = new SeededRandom(seed);
  const settings = { ...drawControlSettings(random.fork('settings'), members), ...run.settings };
  const world = new ControlWorld(settings, random);
  const faults = new ControlFaults(world, random.fork('faults'));
  const { violations, elections } = world.raftMonitors;
  try {
    world.start(random.fork('start'));
    faults.begin();
    world.clock.runUntil(minutes * 60_000);
    faults.end();
    recover(world);
  } catch (error) {
    world.raftMonitors.violate(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const { kafka, monitors, counts, raftMonitors } = world;
  if (violations.length > 0) violations.push(JSON.stringify(settings), ...monitors.trace);
  const rerun = `npm run simulate -- control --seed ${seed} --minutes ${minutes}${members === undefined ? '' : ` --members ${members}`}`;
  return { seed, settings, hash: world.digest(), violations, rerun, counts: { ...counts, elections: raftMonitors.elections || elections, entries: raftMonitors.appliedIndex, changes: world.agreedChanges.length, downs: monitors.downs, published: kafka.records, duplicates: kafka.duplicates } };
}

function recover(world: ControlWorld): void {
  const { clock, raftMonitors, settings } = world;
  calm(world);
  const stillUntilMs = Math.max(clock.nowMs(), world.kafka.wellAtMs, ...[...world.coordinators.values()].map(({ member }) => member.stillUntilMs));
  clock.runUntil(stillUntilMs + 1);
  for (const id of world.coordinators.keys()) world.startCoordinator(id);
  const withinMs = MANDATE_MS + ELECTIONS_MAX * 2 * settings.electionTicks * settings.tickMs * (1 + settings.clockRateError);
  until(world, withinMs, () => world.leader() !== null);
  if (world.leader() === null) return raftMonitors.violate(`no coordinator may judge ${withinMs.toFixed(0)} ms after the faults ended`);
  clock.runUntil(clock.nowMs() + SETTLE_MS);
  // A brake that engaged in the last moments holds for its time, and then lets members go one by one.
  until(world, BRAKE_MS, () => world.leader()?.log.membership.brakes().length === 0);
  for (const problem of disagreements(world)) raftMonitors.violate(problem);
  notice(world);
  until(world, SETTLE_MS, () => world.kafka.seenCount === world.agreedChanges.length);
  const { seenCount } = world.kafka;
  if (seenCount !== world.agreedChanges.length) raftMonitors.violate(`Kafka was told ${seenCount} of ${world.agreedChanges.length} changes`);
}

function calm({ network, coordinators, agents }: ControlWorld): void {
  const places = [...agents.keys(), 'bus'];
  for (const id of coordinators.keys()) {
    for (const place of places) {
      network.change(id, place, null);
      network.change(place, id, null);
    }
  }
  for (const { member } of coordinators.values()) {
    member.isCalm = true;
    member.diskStillUntilMs = 0;
  }
}

/** Two more die, one with its host: everybody who is up to date knows it in time. */
function notice(world: ControlWorld): void {
  const { agents, coordinators, clock, raftMonitors } = world;
  const [first, second] = [...agents.values()].filter(({ nodeId, isRunning, profile }) => isRunning && !coordinators.has(nodeId) && profile.zone !== 'zone-c' && world.leader()?.log.membership.member(nodeId)?.record.status === 'HEALTHY');
  if (first === undefined || second === undefined) return;
  first.crash('process');
  second.crash('host');
  const isKnown = (): boolean => [...coordinators.values()].every(({ log }) => [first, second].every(({ nodeId }) => isGone(log.membership.member(nodeId)?.record.status ?? 'DOWN')));
  until(world, DETECT_MS, isKnown);
  if (isKnown()) return;
  // A brake of before may protect the one whose host is gone.
  if (world.leader()?.log.membership.brakes().length !== 0) until(world, BRAKE_MS, isKnown);
  if (!isKnown()) raftMonitors.violate(`${first.nodeId} and ${second.nodeId} are gone since ${((clock.nowMs() - (first.life?.endedAtMs ?? 0)) / 1000).toFixed(1)} s, and not everybody knows it`);
}

function until({ clock }: ControlWorld, withinMs: number, isSo: () => boolean): void {
  const deadlineMs = clock.nowMs() + withinMs;
  while (!isSo() && clock.nowMs() < deadlineMs) clock.runUntil(clock.nowMs() + 100);
}

function disagreements({ coordinators, agents }: ControlWorld): string[] {
  const problems: string[] = [];
  const states = [...coordinators.values()].map(({ nodeId, log }) => ({ nodeId, index: log.appliedIndex, state: JSON.stringify(log.membership.snapshot()), log }));
  const first = states.toSorted((a, b) => b.index - a.index)[0];
  if (first === undefined) return problems;
  for (const { nodeId, index, state, log } of states) {
    if (first.index - index > 5) problems.push(`${nodeId} has applied ${index} of ${first.index}`);
    if (index === first.index && state !== first.state) problems.push(`the state of ${nodeId} at ${index} is not that of ${first.nodeId}`);
    for (const agent of agents.values()) {
      const record = log.membership.member(agent.nodeId)?.record;
      const isIn = record !== undefined && !isGone(record.status);
      // Whoever failed often is kept out for longer than this.
      const isKeptOut = record?.marks.includes('damped') === true && record.status === 'DOWN';
      if (agent.isRunning && !isKeptOut && (!isIn || record.incarnation !== agent.incarnation)) problems.push(`${agent.nodeId} runs, and is ${record?.status ?? 'unknown'} at ${nodeId}`);
      if (!agent.isRunning && isIn) problems.push(`${agent.nodeId} is gone, and ${record.status} at ${nodeId}`);
    }
  }
  return problems;
}
