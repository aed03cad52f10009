/** Coordinators as processes of their own: what a kill leaves behind, and how a process ends whose member cannot go on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OperatorResult, operatorResultSchema } from '@muster/contracts';
import { CoordinatorGroup, type Seat } from '@muster/test-cluster';
import { eventually } from '@muster/testing';

const FAST = { MUSTER_HEARTBEAT_INTERVAL_MS: '200', MUSTER_FAILURE_TIMEOUT_MS: '3000', MUSTER_STABILISATION_PERIOD_MS: '1000' };
const LIMIT_MS = 45_000;
const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Null when it was not done, or nobody knows. */
async function order(url: string, what: string, nodeId: string): Promise<OperatorResult | null> {
  const answer = await fetch(`${url}/cluster/members/${nodeId}/${what}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}', signal: AbortSignal.timeout(5000) }).catch(() => null);
  return answer?.ok === true ? operatorResultSchema.parse(await answer.json()) : null;
}

/** Places in the log of all changes that a coordinator knows. */
async function knownTo(seat: Seat): Promise<Set<string>> {
  const places = new Set<string>();
  for (let since = 0; ; ) {
    const page = (await (await fetch(`${seat.url}/cluster/events?format=json&limit=1000&since=${since}`)).json()) as { events: { id: string }[]; nextSince: number };
    for (const { id } of page.events) places.add(id.split('/').slice(1, 3).join('/'));
    if (page.nextSince === since || page.events.length === 0) return places;
    since = page.nextSince;
  }
}

test('the kill of a leader loses no acknowledged change: the others have them all, and so has the killed one when it is back', async () => {
  const group = await CoordinatorGroup.start({ count: 3, isApart: false, env: FAST });
  closers.push(() => group.stop());
  const leader = await group.leader(LIMIT_MS);
  const [one, other] = group.seats.filter((seat) => seat !== leader);
  if (one === undefined || other === undefined) throw new Error('there are no two others');
  await eventually('all are members', () => order(leader.url, 'cordon', other.nodeId), (done) => done !== null, LIMIT_MS);
  const acknowledged: string[] = [];
  let isOver = false;
  const giving = [leader, one, other].map(async ({ url }, client) => {
    for (let turn = 0; !isOver; turn++) {
      const done = await order(url, turn % 2 === 0 ? 'cordon' : 'uncordon', group.seats[client]?.nodeId ?? '');
      if (done?.changed === true) acknowledged.push(`${done.term}/${done.index}`);
      else await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  await eventually('orders are under way', () => acknowledged.length, (count) => count > 60, LIMIT_MS);
  leader.kill();
  const next = await group.leader(LIMIT_MS, [one, other]);
  const before = acknowledged.length;
  await eventually('orders go on', () => acknowledged.length, (count) => count > before + 60, LIMIT_MS);
  isOver = true;
  await Promise.all(giving);
  expect(next.nodeId).not.toBe(leader.nodeId);
  await group.start(leader);
  const missing = async (seat: Seat): Promise<string[]> => {
    const known = await knownTo(seat);
    return acknowledged.filter((place) => !known.has(place));
  };
  for (const seat of [one, other, leader]) expect(await eventually(`all of it is known to ${seat.nodeId}`, () => missing(seat).catch(() => ['it does not answer']), (left) => left.length === 0, LIMIT_MS)).toEqual([]);
});

test('a member that cannot write any more ends its process with code 1, and says why', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-fails-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  // No file of it may grow beyond this: the store of the member is the one that does.
  const child = spawn('bash', ['-c', `ulimit -f 256; exec "${process.execPath}" "${PROGRAM}"`], {
    // Not what the run of the tests was given, such as servers that others use.
    env: { PATH: process.env['PATH'], ...FAST, MUSTER_HTTP_HOST: '127.0.0.1', MUSTER_HTTP_PORT: '0', MUSTER_RAFT_HOST: '127.0.0.1', MUSTER_RAFT_PORT: '0', MUSTER_NODE_ID: 'c1', MUSTER_NODE_DATA_DIR: folder, MUSTER_BUS_URL: `embedded:${join(folder, 'bus.sock')}`, MUSTER_COORDINATOR_SNAPSHOT_ENTRIES: '1000000' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  closers.push(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'exit');
  const url = await eventually('it is up', () => /"url":"(http:[^"]+)"/.exec(said)?.[1] ?? '', (seen) => seen !== '', LIMIT_MS);
  for (let turn = 0; child.exitCode === null && turn < 5000; turn++) await order(url, turn % 2 === 0 ? 'cordon' : 'uncordon', 'c1');
  expect(await ended).toEqual([1, null]);
  expect(said).toMatch(/RAFT_MEMBER_FAILED/);
});
