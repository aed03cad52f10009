/** What the cluster says of a member that is killed, stopped, frozen or cut off. Real processes, threads and sockets around one coordinator. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterStatus, clusterStatusSchema, type MemberStatusView, whySchema } from '@muster/contracts';
import { startService } from '@muster/observability';
import { eventually } from '@muster/testing';
import { AppModule } from '../src/app.module.js';
import { coordinatorSchema } from '../src/config.js';
import { MemberProcess } from '../testing/member-process.js';
import { MemoryBus } from '../testing/memory-bus.js';

const INTERVAL_MS = 200;
const LIMIT_MS = 45_000;
let folder: string;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-failures-'));
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  rmSync(folder, { recursive: true });
});

/** One coordinator, and members in processes of their own; silence alone would take half a minute to kill one. */
async function start(nodeIds: readonly string[]) {
  const bus = new MemoryBus();
  const service = await startService({
    env: { MUSTER_HTTP_HOST: '127.0.0.1', MUSTER_HTTP_PORT: '0', MUSTER_NODE_ID: 'c1', MUSTER_RAFT_HOST: '127.0.0.1', MUSTER_RAFT_PORT: '0', MUSTER_RAFT_HEARTBEAT_MS: '20', MUSTER_RAFT_ELECTION_TIMEOUT_MS: '100', MUSTER_NODE_DATA_DIR: folder, MUSTER_HEARTBEAT_INTERVAL_MS: String(INTERVAL_MS), MUSTER_FAILURE_TIMEOUT_MS: '30000', MUSTER_STABILISATION_PERIOD_MS: '500', MUSTER_LOG_LEVEL: 'silent' },
    service: 'coordinator',
    schema: coordinatorSchema,
    build: (config, host) => AppModule.forRoot(config, host, { bus }),
    configure: (app, config, host) => AppModule.listenTo(app, config, bus, host),
  });
  closers.push(() => service.close());
  const url = `http://127.0.0.1:${service.port}`;
  const members = new Map(nodeIds.map((nodeId) => [nodeId, new MemberProcess({ nodeId, coordinators: [url], intervalMs: INTERVAL_MS }, bus)]));
  for (const member of members.values()) closers.push(() => member.end());
  const status = async (): Promise<ClusterStatus> => clusterStatusSchema.parse(await (await fetch(`${url}/cluster/status`)).json());
  const until = (nodeId: string, what: string, holds: (member: MemberStatusView) => boolean): Promise<ClusterStatus> =>
    eventually(`${nodeId} is ${what}`, status, ({ membership: { [nodeId]: member } }) => member !== undefined && holds(member), LIMIT_MS);
  const untilIs = (nodeId: string, wanted: string): Promise<ClusterStatus> => until(nodeId, wanted, (member) => member.status === wanted);
  const metric = async (name: string, labels: string): Promise<number> => {
    const line = (await service.host.metrics.getSingleMetricAsString(name)).split('\n').find((it) => it.startsWith(`${name}${labels} `));
    return Number(line?.split(' ')[1] ?? 0);
  };
  for (const nodeId of ['c1', ...nodeIds]) await untilIs(nodeId, 'HEALTHY');
  await eventually('each has its lane', () => metric('coordinator_lanes_open', ''), (count) => count === nodeIds.length, LIMIT_MS);
  const member = (nodeId: string): MemberProcess => {
    const it = members.get(nodeId);
    if (it === undefined) throw new Error(`no member ${nodeId}`);
    return it;
  };
  return { bus, url, service, member, status, until, untilIs, metric };
}

test('a member that is killed is DOWN as crashed, known from its lane and from probes, long before silence could tell', async () => {
  const it = await start(['a', 'b']);
  it.member('a').signal('SIGKILL');
  await it.untilIs('a', 'DOWN');
  // It may have stood still itself for a moment.
  await it.untilIs('b', 'HEALTHY');
  expect(await it.metric('cluster_failures_detected_total', '{class="crashed"}')).toBe(1);
  expect(await it.metric('cluster_failures_detected_total', '{class="unreachable"}')).toBe(0);
  const why = whySchema.parse(await (await fetch(`${it.url}/cluster/members/a/why`)).json());
  expect(why).toMatchObject({ status: 'DOWN', lastVerdict: { status: 'DOWN', evidence: { class: 'crashed', lane: 'closed' } } });
});

test('a member that is stopped is SUSPECT and not DOWN, and is taken back when it goes on', async () => {
  const it = await start(['a', 'b']);
  it.member('a').signal('SIGSTOP');
  await it.untilIs('a', 'SUSPECT');
  // Far longer than a crash takes to be known.
  const before = it.bus.published.length;
  await eventually('some seconds of beats of the others', () => it.bus.published.length - before, (count) => count > 200, LIMIT_MS);
  expect((await it.status()).membership['a']?.status).toBe('SUSPECT');
  it.member('a').signal('SIGCONT');
  await it.untilIs('a', 'HEALTHY');
  expect(await it.metric('cluster_failures_detected_total', '{class="crashed"}')).toBe(0);
});

test('a member whose main loop stands still is SUSPECT although it beats, and is taken back when it moves', async () => {
  const it = await start(['a']);
  // So long that it is seen although we stand still for a part of it.
  it.member('a').block(8000);
  const { membership } = await it.untilIs('a', 'SUSPECT');
  expect(membership['a']?.reason).toMatch(/main loop/);
  await it.untilIs('a', 'HEALTHY');
});

test('while the bus is away beats come over the direct lanes, nobody is suspected, and who is killed is found all the same', async () => {
  const it = await start(['a', 'b']);
  it.bus.take();
  for (const nodeId of ['a', 'b']) it.member(nodeId).loseBus();
  await eventually('beats over the lanes', () => it.metric('cluster_heartbeats_received_total', '{lane="direct"}'), (count) => count > 40, LIMIT_MS);
  const { membership } = await it.status();
  expect(Object.values(membership).map(({ status }) => status)).toEqual(['HEALTHY', 'HEALTHY', 'HEALTHY']);
  expect(await it.metric('cluster_suspicions_total', '{class="unreachable"}')).toBe(0);
  it.member('a').signal('SIGKILL');
  await it.untilIs('a', 'DOWN');
});

test('an order to drain reaches the member over its lane, and so does its end', async () => {
  const it = await start(['a']);
  const order = (what: string) => fetch(`${it.url}/cluster/members/a/${what}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reason: 'new disk', by: 'ada' }) });
  expect((await order('drain')).status).toBe(200);
  await eventually('it knows', () => it.member('a').orders.at(-1), (seen) => seen?.isDraining === true && seen.reason.includes('new disk'), LIMIT_MS);
  expect((await order('uncordon')).status).toBe(200);
  await eventually('it knows', () => it.member('a').orders.at(-1), (seen) => seen?.isDraining === false, LIMIT_MS);
});
