import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterStatusSchema, type WatchMessage, watchMessageSchema } from '@muster/contracts';
import { type RunningService, startService } from '@muster/observability';
import { eventually, until } from '@muster/testing';
import { createParser } from 'eventsource-parser';
import { gatewayService } from '../src/gateway-service.js';
import { FakeCoordinator } from '../testing/fake-coordinator.js';
import { memberOf, statusOf } from '../testing/members.js';
import { says, Upstream } from '../testing/upstream.js';

let folder = '';
const open: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-gateway-'));
});
afterEach(async () => {
  for (const close of open.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function gateway(coordinators: readonly string[], env: Record<string, string> = {}): Promise<RunningService> {
  const running = await startService(
    gatewayService({
      MUSTER_NODE_ID: 'gateway-1',
      MUSTER_NODE_DATA_DIR: folder,
      MUSTER_HTTP_HOST: '127.0.0.1',
      MUSTER_HTTP_PORT: '0',
      MUSTER_LOG_LEVEL: 'silent',
      MUSTER_HEARTBEAT_INTERVAL_MS: '50',
      // Coordinators say little here: the stream of one that stood still is not to begin anew.
      MUSTER_GATEWAY_WATCH_SILENCE_MS: '60000',
      MUSTER_BUS_URL: `embedded:${join(folder, 'nobody.sock')}`,
      MUSTER_CLUSTER_COORDINATORS: coordinators.join(','),
      ...env,
    }),
  );
  open.unshift(() => running.close());
  return running;
}

async function coordinator(...members: Parameters<typeof memberOf>[]): Promise<FakeCoordinator> {
  const fake = await FakeCoordinator.start(statusOf(...members.map(([nodeId, facts]) => memberOf(nodeId, facts))));
  open.push(() => fake.close());
  return fake;
}

const ask = (running: RunningService, path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${running.port}${path}`, init);
const isReady = (running: RunningService) => async () => (await ask(running, '/health/ready')).status === 200;

test('A4/A5: the gateway answers status, members and one member, and routes by the same view', async () => {
  const upstream = await Upstream.start(says('from the consumer'));
  open.push(() => upstream.kill());
  const fake = await coordinator(['consumer-1', { httpUrl: upstream.url }], ['node-1', { service: 'node', status: 'DOWN' }]);
  const running = await gateway([fake.url]);
  await until('ready', isReady(running));
  const status = clusterStatusSchema.parse(await (await ask(running, '/cluster/status')).json());
  expect(status).toMatchObject({ totalNodes: 1, healthyNodes: 1, hasQuorum: true, membership: { 'node-1': { status: 'DOWN' } } });
  expect(await (await ask(running, '/cluster/members')).json()).toMatchObject({ members: [{ nodeId: 'consumer-1' }, { nodeId: 'node-1' }] });
  expect(await (await ask(running, '/cluster/members/consumer-1')).json()).toMatchObject({ nodeId: 'consumer-1' });
  expect(await (await ask(running, '/cluster/members/nobody')).json()).toMatchObject({ statusCode: 404, code: 'MEMBER_UNKNOWN' });
  const routed = await ask(running, '/api/logs?q=x');
  expect(routed.headers.get('x-muster-node')).toBe('consumer-1');
  expect(await routed.text()).toBe('from the consumer');
  await until('it is a member itself', () => fake.beatCount > 0);
});

test('brakes and marks are shown, passed on to readers, and heeded by routing', async () => {
  const [good, bad] = [await Upstream.start(says('good')), await Upstream.start(says('bad'))];
  open.push(() => good.kill(), () => bad.kill());
  const brake = { zone: null, reason: 'two of three are silent', sinceUnixMs: 1, holdsUntilUnixMs: 60_001, nodeIds: ['consumer-2'] };
  const fake = await coordinator(['consumer-1', { httpUrl: bad.url, marks: ['cordoned'] }], ['consumer-2', { httpUrl: good.url, status: 'SUSPECT' }]);
  const running = await gateway([fake.url]);
  await until('ready', isReady(running));
  const heard: WatchMessage[] = [];
  const ended = follow(running, heard);
  await until('a snapshot', () => heard.length > 0);
  expect(await (await ask(running, '/api/logs')).text()).toBe('bad');
  fake.tell({ kind: 'brakes', index: 11, term: 1, brakes: [brake] });
  await until('readers hear of it', () => heard.some((message) => message.kind === 'brakes'));
  expect(clusterStatusSchema.parse(await (await ask(running, '/cluster/status')).json())).toMatchObject({ brakes: [brake], membership: { 'consumer-1': { marks: ['cordoned'] } } });
  const routed = await ask(running, '/api/logs');
  expect(routed.headers.get('x-muster-tier')).toBe('braked');
  expect(await routed.text()).toBe('good');
  await running.close();
  await ended;
});

test('A12: what the gateway does can be counted', async () => {
  const fake = await coordinator();
  const running = await gateway([fake.url]);
  await until('ready', isReady(running));
  expect((await ask(running, '/api/logs')).status).toBe(503);
  await until('a beat', () => fake.beatCount > 0);
  const metrics = async () => (await ask(running, '/metrics')).text();
  // A beat is counted when its answer is there.
  const text = await eventually('it is counted', metrics, (seen) => /cluster_heartbeats_sent_total\{lane="direct"\} [1-9]/.test(seen));
  expect(text).toMatch(/gateway_requests_total\{service="consumer",outcome="5xx"\} 1/);
  expect(text).toMatch(/gateway_view_age_seconds \d/);
});

test('a gateway that knows nothing says so, with the reason and when to come back, and answers once a coordinator does', async () => {
  const fake = await coordinator();
  const { port, url } = fake;
  await fake.close();
  const running = await gateway([url]);
  const answer = await ask(running, '/cluster/status');
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(await answer.json()).toMatchObject({ code: 'VIEW_UNKNOWN' });
  await until('the reason is known', async () => JSON.stringify(await (await ask(running, '/health/ready')).json()).includes('ECONNREFUSED'));
  const back = await FakeCoordinator.start(statusOf(memberOf('a')), port);
  open.push(() => back.close());
  await until('it answers', async () => (await ask(running, '/cluster/status')).status === 200);
});

test('a post goes through the whole service byte for byte', async () => {
  const received: Buffer[] = [];
  const upstream = await Upstream.start((request, response) => {
    request.on('data', (chunk: Buffer) => received.push(chunk)).on('end', () => response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"accepted":1,"accepted":1}'));
  });
  open.push(() => upstream.kill());
  const fake = await coordinator(['producer-1', { service: 'producer', httpUrl: upstream.url }]);
  const running = await gateway([fake.url]);
  await until('ready', isReady(running));
  const body = '{"id": 12481294621783612638172632817, "id":1 }';
  const answer = await ask(running, '/api/logs', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  expect(answer.status).toBe(202);
  expect(await answer.text()).toBe('{"accepted":1,"accepted":1}');
  expect(Buffer.concat(received).toString()).toBe(body);
});

test('closing waits for a request under way and then leaves nothing behind', async () => {
  let finish: () => void = () => {};
  const upstream = await Upstream.start((_, response) => (finish = () => response.end('done')));
  open.push(() => upstream.kill());
  const fake = await coordinator(['consumer-1', { httpUrl: upstream.url }]);
  const running = await gateway([fake.url]);
  await until('ready', isReady(running));
  const answer = ask(running, '/api/logs');
  await until('it is under way', () => upstream.requestCount === 1);
  const closed = running.close();
  await until('it drains', async () => (await ask(running, '/health/ready').then((ready) => ready.status, () => 503)) === 503);
  finish();
  expect(await (await answer).text()).toBe('done');
  await closed;
  await until('the coordinator is left', () => fake.watcherCount === 0);
});

/** Messages of a stream as they come, until it ends. */
async function follow(running: RunningService, messages: WatchMessage[], signal?: AbortSignal): Promise<void> {
  const answer = await ask(running, '/cluster/watch', { signal: signal ?? null });
  const parser = createParser({ onEvent: ({ data }) => void messages.push(watchMessageSchema.parse(JSON.parse(data))) });
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
}

test('the live view is passed on to readers over one stream, and goes on pulsing when the coordinator is gone', async () => {
  const fake = await coordinator(['a', {}]);
  const running = await gateway([fake.url], { MUSTER_GATEWAY_QUORUM_DOUBT_MS: '500' });
  await until('ready', isReady(running));
  const [one, other]: [WatchMessage[], WatchMessage[]] = [[], []];
  const ended = Promise.all([follow(running, one), follow(running, other)]);
  await until('both have a snapshot', () => one.length > 0 && other.length > 0);
  expect(one[0]).toMatchObject({ kind: 'snapshot', status: { membership: { a: { nodeId: 'a' } } } });
  fake.tell({ kind: 'member', index: 11, term: 1, from: null, member: memberOf('b') });
  // A pulse may come between.
  const changes = (messages: readonly WatchMessage[]) => messages.filter(({ kind }) => kind === 'member');
  await until('both hear of it', () => [one, other].every((messages) => changes(messages).length > 0));
  expect(changes(other)).toMatchObject([{ kind: 'member', index: 11, member: { nodeId: 'b' } }]);
  expect(fake.watcherCount).toBe(1);
  await fake.close();
  await until('they hear of the doubt', () => one.some((message) => message.kind === 'pulse' && !message.hasQuorum));
  await running.close();
  await ended;
});

const json = (statusCode: number, body: object, headers: Record<string, string> = {}): NonNullable<FakeCoordinator['answer']> => (_, response) => void response.writeHead(statusCode, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

test('what the gateway knows is answered from its view, with index, term, age and by whom; what must be surer, or is not in it, by a coordinator', async () => {
  const fake = await coordinator(['a', {}]);
  fake.answer = json(200, { from: 'the leader' }, { 'x-muster-index': '77', 'x-muster-term': '3', 'x-muster-served-by': 'coordinator-2', 'x-secret': 'kept' });
  const running = await gateway([fake.url]);
  await until('ready', isReady(running));
  for (const path of ['/cluster/status', '/cluster/members?consistency=stale', '/cluster/members/a?consistency=']) {
    const own = await ask(running, path);
    expect([own.status, own.headers.get('x-muster-index'), own.headers.get('x-muster-term'), own.headers.get('x-muster-served-by')]).toEqual([200, '10', '1', 'gateway-1']);
    expect(Number(own.headers.get('x-muster-age-ms'))).toBeGreaterThanOrEqual(0);
  }
  expect(fake.asked).toEqual([]);
  const paths = ['/cluster/status?consistency=linearizable', '/cluster/members?consistency=leader', '/cluster/members/a?consistency=leader', '/cluster/members/a/why?x=1', '/cluster/events?format=json&since=3'];
  for (const path of paths) {
    const passed = await ask(running, path);
    expect([passed.status, passed.headers.get('x-muster-index'), passed.headers.get('x-muster-served-by'), passed.headers.get('x-secret')]).toEqual([200, '77', 'coordinator-2', null]);
    expect(await passed.json()).toEqual({ from: 'the leader' });
  }
  expect(fake.asked).toEqual(paths);
  for (const path of ['/cluster/status?consistency=certain', '/cluster/events']) expect(await (await ask(running, path)).json()).toMatchObject({ statusCode: 400, code: 'QUERY_INVALID' });
});

test('A10: a coordinator that cannot answer for sure is passed over for one that can; when none can, what it said is the answer', async () => {
  const [first, second] = [await coordinator(['a', {}]), await coordinator(['a', {}])];
  const minority = json(503, { statusCode: 503, code: 'NO_QUORUM', message: 'ask another' }, { 'retry-after': '1' });
  first.answer = minority;
  second.answer = json(200, { from: 'the majority' });
  const running = await gateway([first.url, second.url]);
  await until('ready', isReady(running));
  expect(await (await ask(running, '/cluster/status?consistency=linearizable')).json()).toEqual({ from: 'the majority' });
  second.answer = (_, response) => response.destroy();
  const refused = await ask(running, '/cluster/status?consistency=linearizable');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({ code: 'NO_QUORUM' });
  await first.close();
  await second.close();
  expect(await (await ask(running, '/cluster/members/a/why')).json()).toMatchObject({ statusCode: 503, code: 'NO_COORDINATOR' });
  expect((await ask(running, '/cluster/status')).status).toBe(200);
  expect(await (await ask(running, '/metrics')).text()).toMatch(/gateway_coordinator_reads_total\{outcome="unanswered"\} 2/);
});

test('what is not found at a coordinator is not looked for at the others', async () => {
  const [first, second] = [await coordinator(), await coordinator()];
  for (const fake of [first, second]) fake.answer = json(404, { statusCode: 404, code: 'MEMBER_UNKNOWN', message: 'nobody' });
  const running = await gateway([first.url, second.url]);
  await until('ready', isReady(running));
  expect((await ask(running, '/cluster/members/nobody/why')).status).toBe(404);
  expect(first.asked.length + second.asked.length).toBe(1);
});

test('the API document has the data path beside the paths of the gateway itself, and says what each does', async () => {
  const running = await gateway(['http://127.0.0.1:1']);
  const { paths } = (await (await ask(running, '/docs-json')).json()) as { paths: Record<string, Record<string, { summary?: string }>> };
  const questions = ['/cluster/status', '/cluster/members', '/cluster/members/{id}', '/cluster/members/{id}/why', '/cluster/events', '/cluster/watch'];
  expect(Object.keys(paths).filter((path) => path.startsWith('/cluster/'))).toEqual(questions);
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/api/logs', '/api/logs/{path}', '/health/ready']));
  expect(Object.keys(paths['/api/logs'] ?? {})).toEqual(['get', 'head', 'post']);
  for (const operation of Object.values(paths).flatMap((each) => Object.values(each))) expect(operation.summary).toMatch(/\.$/);
});

test('a reader too many is refused with the remedy', async () => {
  const fake = await coordinator();
  const running = await gateway([fake.url], { MUSTER_GATEWAY_WATCHERS_MAX: '0' });
  await until('ready', isReady(running));
  expect(await (await ask(running, '/cluster/watch')).json()).toMatchObject({ statusCode: 503, code: 'STREAMS_EXHAUSTED', message: expect.stringContaining('gateway.watchersMax') });
});

test.each<{ env: Record<string, string>; message: string }>([
  { env: { MUSTER_GATEWAY_INFLIGHT_MAX: '0' }, message: 'gateway.inflightMax' },
  { env: { REDIS_URL: 'mysql://x' }, message: 'must be "redis://host:port" or "sqlite:<file>"' },
  { env: { MUSTER_GATEWAY_INFLIGHTMAX: '5' }, message: 'MUSTER_GATEWAY_INFLIGHT_MAX' },
])('A7: $env stops the start with a clear line', async ({ env, message }) => {
  await expect(gateway(['http://127.0.0.1:1'], env)).rejects.toThrow(message);
});
