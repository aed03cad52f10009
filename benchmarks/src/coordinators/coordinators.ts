/**
 * Three coordinators as real processes, harmed in every way we know while clients give orders and read: how long no order is carried out,
 * whether any answer was stale or any acknowledged order lost, and whether anybody was declared DOWN who was not harmed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { clusterStatusSchema, type ErrorBody } from '@muster/contracts';
import { CoordinatorGroup, furnish, membersOf, OrderHistory, type Seat, until } from '@muster/test-cluster';
import { machineConditions } from '../conditions.js';
import { tell, tellProgress } from '../progress.js';
import { type BenchReport, type BenchResult, spread } from '../report.js';
import { follower, type Harm, HARMS } from './harms.js';
import { Judge } from './judge.js';

export interface CoordinatorsOptions {
  readonly trials: number;
  /** Keys of `HARM_KEYS`; empty: all. */
  readonly only: readonly string[];
  /** True inside a network of our own. */
  readonly isApart: boolean;
}

/** Coordinators that come back serve at once, and are not damped for what is done to them here. */
const SETTINGS = { MUSTER_STABILISATION_PERIOD_MS: '0', MUSTER_FLAP_SUPPRESS: '100' };
const COUNT = 3;
const CLIENTS = 6;
const PACE_MS = 10;
/** Longer than any harm: a coordinator that was stopped answers late, and must not answer what was true before. */
const ANSWER_MS_MAX = 9000;
const LEADER_MS_MAX = 15_000;
const HEALTHY_MS_MAX = 60_000;
/** Within this time after the harm began the next order counts as the first after it. Milliseconds. */
const SETTLE_MS = 700;

interface Drill {
  readonly group: CoordinatorGroup;
  readonly history: OrderHistory;
  readonly judge: Judge;
  readonly trials: number;
}

interface Trials {
  /** Of each trial the longest time without an order carried out, from the harm on. Milliseconds. */
  readonly gapsMs: readonly number[];
  /** Declared DOWN, but not harmed. Count. */
  readonly wrong: number;
}

export async function coordinators({ trials, only, isApart }: CoordinatorsOptions): Promise<BenchReport> {
  if (isApart) furnish();
  const conditions = machineConditions();
  const harms = HARMS.filter(({ key, needsLinks }) => (only.length === 0 || only.includes(key)) && (isApart || !needsLinks));
  tell(`coordinators: ${COUNT} of them form a group`);
  const group = await CoordinatorGroup.start({ count: COUNT, isApart, env: SETTINGS });
  try {
    await until('all coordinators to be HEALTHY members', HEALTHY_MS_MAX, () => allHealthy(group));
    const keys = await membersOf(group.urls[0] ?? '');
    const history = new OrderHistory({ urls: () => group.urls, keys, clients: CLIENTS, paceMs: PACE_MS, timeoutMs: ANSWER_MS_MAX });
    const judge = new Judge();
    const results: BenchResult[] = [];
    let wrong = 0;
    for (const harm of harms) {
      if (judge.isBroken) break;
      const found = await tried({ group, history, judge, trials }, harm);
      wrong += found.wrong;
      results.push({ case: harm.title, metric: 'longest time without an order carried out', unit: 'ms', ...spread(found.gapsMs) });
    }
    judge.take(await history.stop(() => leaderUrl(group)));
    return {
      bench: 'coordinators',
      conditions: { ...conditions, coordinators: COUNT, 'clients at once': CLIENTS, network: isApart ? 'one namespace each' : 'loopback', bus: 'embedded' },
      results: [
        ...results,
        { case: 'one order', metric: 'from request to answer, harms included', unit: 'ms', ...spread(history.done.map(({ tookMs }) => tookMs)) },
        { case: 'history', metric: 'orders and linearizable reads answered', unit: 'operations', n: 1, value: judge.operations },
        { case: 'history', metric: 'violations of linearizability', unit: 'violations', n: 1, value: judge.isBroken ? 1 : 0 },
        { case: 'history', metric: 'orders that the log knows otherwise than was told', unit: 'orders', n: 1, value: judge.contradictions },
        { case: 'members', metric: 'declared DOWN, but not harmed', unit: 'verdicts', n: 1, value: wrong },
      ],
    };
  } finally {
    await group.stop();
  }
}

/** Ends early when an answer did not fit. */
async function tried({ group, history, judge, trials }: Drill, harm: Harm): Promise<Trials> {
  const gapsMs: number[] = [];
  let wrong = 0;
  for (let trial = 1; trial <= trials && !judge.isBroken; trial++) {
    const leader = await group.leader(LEADER_MS_MAX);
    const since = await newestIndex(leader);
    await pause(Math.random() * 200);
    const sinceMs = performance.now();
    await harm.run(group, leader);
    const next = await group.leader(LEADER_MS_MAX);
    const healedMs = performance.now();
    await until(`an order to be carried out after: ${harm.title}`, LEADER_MS_MAX, () => Promise.resolve((history.done.at(-1)?.atMs ?? 0) > healedMs ? true : undefined));
    gapsMs.push(longestGapMs(history.done.map(({ atMs }) => atMs), sinceMs, Math.max(healedMs, sinceMs + SETTLE_MS)));
    wrong += await downsOfOthers(next, since, excusedBy(harm, group, leader));
    tellProgress(`coordinators: ${harm.title}, ${trial} of ${trials} trials`);
    await until('all coordinators to be HEALTHY members', HEALTHY_MS_MAX, () => allHealthy(group));
    judge.take(await history.cut(() => leaderUrl(group)));
  }
  return { gapsMs, wrong };
}

async function leaderUrl(group: CoordinatorGroup): Promise<string> {
  return (await group.leader(LEADER_MS_MAX)).url;
}

function longestGapMs(times: readonly number[], fromMs: number, toMs: number): number {
  const within = times.filter((atMs) => atMs >= fromMs && atMs <= toMs).toSorted((a, b) => a - b);
  let longest = 0;
  let before = fromMs;
  for (const atMs of [...within, toMs]) {
    longest = Math.max(longest, atMs - before);
    before = atMs;
  }
  return longest;
}

async function allHealthy(group: CoordinatorGroup): Promise<true | undefined> {
  const answers = await Promise.all(group.urls.map(async (url) => clusterStatusSchema.parse(await (await fetch(`${url}/cluster/status`, { signal: AbortSignal.timeout(1000) })).json())));
  return answers.every(({ healthyNodes, hasQuorum }) => hasQuorum && healthyNodes >= group.seats.length) ? true : undefined;
}

async function newestIndex(seat: Seat): Promise<number> {
  return (await seat.raft()).appliedIndex;
}

/** DOWN since then of coordinators that were not harmed, or not by enough. */
async function downsOfOthers(seat: Seat, since: number, excused: Seat | null): Promise<number> {
  const answer = await fetch(`${seat.url}/cluster/events?format=json&limit=1000&since=${since}`);
  const page = (await answer.json()) as { readonly events: readonly { readonly type: string; readonly subject: string }[] } | ErrorBody;
  if (!('events' in page)) throw new Error(`${seat.nodeId} tells no events: ${page.message}`);
  return page.events.filter(({ type, subject }) => type.includes('.down.') && subject !== excused?.nodeId).length;
}

function excusedBy({ mayFall }: Harm, group: CoordinatorGroup, leader: Seat): Seat | null {
  switch (mayFall) {
    case 'leader':
      return leader;
    case 'follower':
      return follower(group, leader);
    case 'nobody':
      return null;
  }
}
