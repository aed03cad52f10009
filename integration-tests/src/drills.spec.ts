/**
 * What is promised about failures, tried on real processes: each harm is done in earnest, and what the gateway shows decides.
 *
 * Speeds are measured by `npm run bench -- detection`; here only what must never happen has a time, and it is the length of the harm.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { clusterStatusSchema, isLive } from '@muster/contracts';
import { type Member, TestCluster, until } from '@muster/test-cluster';
import { eventually } from '@muster/testing';

const BEAT_MS = 1000;
/** Above every time limit of detection, so that what takes longer is broken and not slow. */
const LIMIT_MS = 90_000;
const TEST_MS = 300_000;
/** Many times what it takes to notice, so that a slow machine notices as well. */
const FREEZE_MS = 10_000;
const PAUSE_MS = 10_000;
/** Enough that one or two in trouble are no catastrophe. */
const BYSTANDERS = 8;
const REQUESTS = 30;

let cluster: TestCluster;
const joined: string[] = [];

beforeAll(async () => {
  cluster = await TestCluster.start({ isApart: false, env: { MUSTER_STABILISATION_PERIOD_MS: '0' } });
  await Promise.all(Array.from({ length: BYSTANDERS }, (_, index) => join(`bystander-${index + 1}`)));
}, TEST_MS);
afterAll(async () => cluster?.stop(), TEST_MS);

/** All serve what the gateway takes for consumers, so that its requests show who gets traffic. */
async function join(nodeId: string): Promise<Member> {
  joined.push(nodeId);
  return cluster.join({ nodeId, intervalMs: BEAT_MS, service: 'consumer', linkSlot: null });
}

/** A member to be harmed; verdicts about it are expected from here on, about others never. */
async function victim(nodeId: string): Promise<Member> {
  const member = await join(nodeId);
  cluster.verdicts.expect(nodeId);
  return member;
}

/** Who answered a number of requests; every one of them has to be answered. */
async function answering(): Promise<ReadonlySet<string>> {
  const answers = await Promise.all(Array.from({ length: REQUESTS }, () => fetch(`${cluster.gatewayUrl}/api/logs`)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  return new Set(answers.map(({ headers }) => headers.get('x-muster-node') ?? ''));
}

/**
 * Verdicts about others than those harmed, but for the passing doubt in somebody who says himself that his main loop stood still: on a busy
 * machine that happens, and is no mistake.
 */
const wrong = () => cluster.verdicts.wrong().filter(({ status, reason }) => status !== 'SUSPECT' || !reason.startsWith('its main loop has not moved'));

const downs = (nodeId: string, sinceMs: number) => cluster.verdicts.turnsOf(nodeId, sinceMs).filter(({ status }) => status === 'DOWN');

/** Beats that the coordinator took, by lane. */
async function beatsByLane(): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${cluster.coordinatorUrl}/metrics`)).text();
  return Object.fromEntries([...text.matchAll(/^cluster_heartbeats_received_total\{lane="(\w+)"\} (\d+)/gm)].map(([, lane, count]) => [lane, Number(count)]));
}

/** Nobody is doubted in the end, those left out that were harmed for good. How well they feel is another matter. */
const untilNobodyIsDoubted = () => eventually('nobody is doubted', doubted, (names) => names.length === 0, LIMIT_MS);

/** Members that are doubted, and why. */
async function doubted(): Promise<readonly string[]> {
  const { membership } = clusterStatusSchema.parse(await (await fetch(`${cluster.gatewayUrl}/cluster/status`)).json());
  const odd = Object.values(membership).filter(({ nodeId, status, marks }) => nodeId !== 'killed' && (status === 'SUSPECT' || !isLive(status) || marks.length > 0));
  return odd.map(({ nodeId, status, marks, reason }) => `${nodeId} ${status} ${marks.join('+')}: ${reason}`);
}

test('A8: kill -9 of a member is DOWN, it gets no traffic, and nobody else is blamed', async () => {
  const member = await victim('killed');
  const sinceMs = performance.now();
  member.kill();
  await cluster.verdicts.down('killed', sinceMs, LIMIT_MS);
  expect(await answering()).not.toContain('killed');
  expect(wrong()).toEqual([]);
}, TEST_MS);

test('A8: SIGSTOP for 10 s is never DOWN; it gets no traffic meanwhile and gets it again afterwards', async () => {
  const member = await victim('paused');
  const sinceMs = performance.now();
  member.pause();
  // On time, whatever the rest takes: more than failure.timeoutMs is another promise.
  const resumed = pause(PAUSE_MS).then(() => member.resume());
  try {
    await cluster.verdicts.serving('paused', false, sinceMs, LIMIT_MS);
    const served = await answering();
    const isStillPaused = performance.now() - sinceMs < PAUSE_MS;
    expect(isStillPaused ? [...served] : []).not.toContain('paused');
  } finally {
    await resumed;
  }
  await cluster.verdicts.serving('paused', true, sinceMs, LIMIT_MS);
  await until('it answers again', LIMIT_MS, async () => ((await answering()).has('paused') ? true : undefined));
  expect(downs('paused', sinceMs)).toEqual([]);
  expect(wrong()).toEqual([]);
}, TEST_MS);

test('A6: a member whose main loop is frozen loses its traffic while it is, and is not declared dead', async () => {
  const member = await victim('frozen');
  const sinceMs = performance.now();
  member.block(FREEZE_MS);
  const lost = await cluster.verdicts.serving('frozen', false, sinceMs, LIMIT_MS);
  expect(lost.atMs - sinceMs).toBeLessThan(FREEZE_MS);
  await cluster.verdicts.serving('frozen', true, lost.atMs, LIMIT_MS);
  expect(downs('frozen', sinceMs)).toEqual([]);
  expect(wrong()).toEqual([]);
}, TEST_MS);

test('A8: a drained member gets no traffic, is told so, and serves again when that is taken back', async () => {
  const member = await victim('drained');
  const order = (what: string) => fetch(`${cluster.coordinatorUrl}/cluster/members/drained/${what}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"reason":"new kernel"}' });
  const sinceMs = performance.now();
  expect((await order('drain')).ok).toBe(true);
  await cluster.verdicts.serving('drained', false, sinceMs, LIMIT_MS);
  expect(await answering()).not.toContain('drained');
  await until('it is told', LIMIT_MS, async () => (member.drain?.isDraining === true ? true : undefined));
  expect(member.drain?.reason).toContain('new kernel');
  expect((await order('uncordon')).ok).toBe(true);
  await until('it is told again', LIMIT_MS, async () => (member.drain?.isDraining === false ? true : undefined));
  await until('it answers again', LIMIT_MS, async () => ((await answering()).has('drained') ? true : undefined));
  expect(wrong()).toEqual([]);
}, TEST_MS);

test('A8: a coordinator that is stopped for 10 s gives no verdict about anybody when it goes on', async () => {
  const { coordinator } = cluster.services;
  const before = await beatsByLane();
  coordinator.pause();
  try {
    await pause(10_000);
  } finally {
    coordinator.resume();
  }
  // Long enough for every deadline that it could have mistaken: what lay unread, and five rounds of beats from everybody.
  await until('everybody has beaten again', LIMIT_MS, async () => (sum(await beatsByLane()) - sum(before) > 15 * joined.length ? true : undefined));
  await untilNobodyIsDoubted();
  expect(wrong()).toEqual([]);
}, TEST_MS);

test('A4/A8: while the bus stands still for 20 s beats come by the direct lane and nobody is doubted', async () => {
  const { bus } = cluster.services;
  const before = await beatsByLane();
  bus.pause();
  try {
    await pause(20_000);
    await until('beats come by the direct lane', LIMIT_MS, async () => (((await beatsByLane())['direct'] ?? 0) - (before['direct'] ?? 0) > 10 * BYSTANDERS ? true : undefined));
  } finally {
    bus.resume();
  }
  const resumed = await beatsByLane();
  await until('beats come by the bus again', LIMIT_MS, async () => (((await beatsByLane())['bus'] ?? 0) - (resumed['bus'] ?? 0) > BYSTANDERS ? true : undefined));
  await untilNobodyIsDoubted();
  expect(wrong()).toEqual([]);
}, TEST_MS);

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, count) => total + count, 0);
