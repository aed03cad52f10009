/** What operators do and ask, over real HTTP against a whole coordinator. */
import { clusterEventSchema, clusterStatusSchema, errorBodySchema, isMemberEvent, OPERATOR_ORDERS, operatorResultSchema, type WatchMessage, watchMessageSchema, whySchema } from '@muster/contracts';
import { RaftGroup } from '@muster/raft-node';
import { eventually } from '@muster/testing';
import { Cluster } from '../src/cluster.js';
import { beating, endAll, overBus, start, stream } from '../testing/coordinator-app.js';

afterEach(endAll);

/** A coordinator, and a member that beats and is HEALTHY. */
async function withMember() {
  const app = await start();
  const node = beating({ nodeId: 'n1' }, overBus(app.bus));
  await app.until('n1', 'HEALTHY');
  const order = async (what: string, body: unknown = { reason: 'new kernel', by: 'ada' }, nodeId = 'n1') => {
    const { code, body: answer } = await app.postTo(`/cluster/members/${nodeId}/${what}`, body);
    return { code, answer };
  };
  const done = async (what: string) => {
    const { code, answer } = await order(what);
    expect(code).toBe(200);
    return operatorResultSchema.parse(answer);
  };
  const why = async (nodeId = 'n1') => whySchema.parse((await app.json(`/cluster/members/${nodeId}/why`)).body);
  return { ...app, node, order, done, why };
}

test('an order is answered with the member as it is after it, with index and term, and shown in the status', async () => {
  const { done, status } = await withMember();
  const drained = await done('drain');
  expect(drained).toMatchObject({ changed: true, index: expect.any(Number), term: 2, member: { nodeId: 'n1', status: 'HEALTHY', marks: ['draining'] } });
  expect((await status()).membership['n1']).toMatchObject({ marks: ['draining'], index: drained.index });
  expect((await done('cordon')).member.marks).toEqual(['cordoned', 'draining']);
  expect((await done('uncordon')).member.marks).toEqual([]);
  expect((await status()).membership['n1']?.marks).toEqual([]);
});

test('what is ordered twice is done once, and answered alike', async () => {
  const { done, status } = await withMember();
  for (const what of ['cordon', 'drain', 'uncordon', 'evict']) {
    const first = await done(what);
    const { index } = (await status()).membership['n1'] ?? {};
    const second = await done(what);
    expect([first.changed, second.changed]).toEqual([true, false]);
    expect(second.member.marks).toEqual(first.member.marks);
    expect((await status()).membership['n1']?.index).toBe(index);
  }
});

test('an evicted process stays out however it beats; a new boot of the node joins', async () => {
  const { bus, done, until, why, status, node } = await withMember();
  expect((await done('evict')).member).toMatchObject({ status: 'DOWN', reason: 'evicted by ada: new kernel', healthScore: 0 });
  for (let beats = 0; beats < 5; beats++) await node.once();
  expect((await status()).membership['n1']?.status).toBe('DOWN');
  expect(await why()).toMatchObject({ status: 'DOWN', reason: 'evicted by ada: new kernel' });
  await node.stop();
  beating({ nodeId: 'n1', incarnation: 8 }, overBus(bus));
  await until('n1', 'HEALTHY');
});

const refusals: ReadonlyArray<{ name: string; what?: string; body?: unknown; nodeId?: string; code: number; error: string; says: RegExp }> = [
  { name: 'a member that nobody knows', nodeId: 'nobody', code: 404, error: 'MEMBER_UNKNOWN', says: /no member is named 'nobody'/ },
  { name: 'a reason that is too long', body: { reason: 'x'.repeat(257) }, code: 400, error: 'ORDER_INVALID', says: /reason: .*256/ },
  { name: 'a field that means nothing', body: { resaon: 'typo' }, code: 400, error: 'ORDER_INVALID', says: /resaon/ },
  { name: 'a body that is no object', body: 'null', code: 400, error: 'ORDER_INVALID', says: /must be a JSON object/ },
  { name: 'an order that does not exist', what: 'explode', code: 404, error: 'NOT_FOUND', says: /explode/ },
];
test.each(refusals)('$name is answered with $code $error, and nothing happens', async ({ what = 'drain', body, nodeId, code, error, says }) => {
  const { order, status } = await withMember();
  const { index } = (await status()).membership['n1'] ?? {};
  const { code: seen, answer } = await order(what, body, nodeId);
  expect([seen, errorBodySchema.parse(answer).code]).toEqual([code, error]);
  expect(errorBodySchema.parse(answer).message).toMatch(says);
  expect((await status()).membership['n1']).toMatchObject({ marks: [], index });
});

test('a request without a body, which a page in a browser could send, orders nothing', async () => {
  const { json, status } = await withMember();
  for (const what of OPERATOR_ORDERS) expect(await json(`/cluster/members/n1/${what}`, { method: 'POST' })).toMatchObject({ code: 400, body: { code: 'ORDER_INVALID' } });
  expect((await json('/cluster/members/n1/evict', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' })).code).toBeGreaterThanOrEqual(400);
  expect((await status()).membership['n1']).toMatchObject({ status: 'HEALTHY', marks: [] });
});

test('who is gone cannot be drained, and is told so; its next boot can be kept from serving', async () => {
  const { done, order } = await withMember();
  await done('evict');
  const { code, answer } = await order('drain');
  expect([code, errorBodySchema.parse(answer)]).toMatchObject([409, { code: 'MEMBER_GONE', message: expect.stringContaining('n1, which is DOWN') }]);
  expect((await done('cordon')).member.marks).toEqual(['cordoned']);
});

test('without a quorum an order is refused, and said not to have happened; when the log fails, that nobody knows', async () => {
  const { order, service } = await withMember();
  const [cluster, group] = [service.app.get(Cluster), service.app.get(RaftGroup)];
  const { status, propose } = { status: group.status.bind(group), propose: cluster.propose.bind(cluster) };
  group.status = () => ({ ...status(), hasQuorum: false, contactAgeMs: 60_000 });
  expect(await order('evict')).toMatchObject({ code: 503, answer: { code: 'NO_QUORUM', message: expect.stringContaining('nothing was changed') } });
  group.status = status;
  cluster.propose = () => Promise.resolve({ kind: 'unavailable', code: 'unknown', reason: 'disk full' });
  expect(await order('evict')).toMatchObject({ code: 503, answer: { code: 'NOT_COMMITTED', message: expect.stringMatching(/not known whether n1 was evicted: disk full/) } });
  cluster.propose = propose;
  expect(await order('evict')).toMatchObject({ code: 200 });
});

test('a boot that takes the place of the evicted one just then is not evicted', async () => {
  const { order, service, status } = await withMember();
  const cluster = service.app.get(Cluster);
  const propose = cluster.propose.bind(cluster);
  cluster.propose = async (command, options) => {
    const member = cluster.membership.member('n1');
    if (command.kind === 'evict' && member !== undefined) {
      const { service: what, zone, tags, resources, httpUrl, probeUrl } = member.record;
      await propose({ kind: 'join', term: command.term, atUnixMs: command.atUnixMs, nodeId: 'n1', incarnation: 8, seq: 1, reason: 'new boot', profile: { service: what, zone, tags, resources, httpUrl, probeUrl } });
    }
    return propose(command, options);
  };
  expect(await order('evict')).toMatchObject({ code: 409, answer: { code: 'CONFLICT', message: expect.stringContaining('n1 was not evicted') } });
  expect((await status()).membership['n1']?.status).not.toBe('DOWN');
});

test('orders are in the events and on the watch stream, with who gave them and why', async () => {
  const { url, done, json } = await withMember();
  const events = stream(`${url}/cluster/events`);
  const watch = stream(`${url}/cluster/watch`);
  await eventually('a snapshot', () => watch.length, (count) => count > 0);
  await done('drain');
  await done('uncordon');
  await done('evict');
  // The coordinator is a member too, and may become HEALTHY just now.
  const aboutN1 = () => events.map(({ data }) => clusterEventSchema.parse(data)).filter(({ subject }) => subject === 'n1');
  await eventually('three events', aboutN1, ({ length }) => length >= 3);
  expect(aboutN1().slice(0, 3)).toMatchObject([
    { type: 'io.muster.member.updated.v1', data: { from: 'HEALTHY', to: 'HEALTHY', update: 'drained by ada: new kernel', member: { marks: ['draining'] } } },
    { type: 'io.muster.member.updated.v1', data: { update: 'uncordoned by ada: new kernel', member: { marks: [] } } },
    { type: 'io.muster.member.down.v1', data: { from: 'HEALTHY', member: { reason: 'evicted by ada: new kernel' } } },
  ]);
  const told = (): WatchMessage[] => watch.map(({ data }) => watchMessageSchema.parse(data)).filter((message) => message.kind === 'member' && message.member.nodeId === 'n1');
  await eventually('three changes', told, (messages) => messages.length >= 3);
  expect(told().slice(0, 3)).toMatchObject([{ from: 'HEALTHY', update: 'drained by ada: new kernel', member: { marks: ['draining'] } }, { update: 'uncordoned by ada: new kernel' }, { from: 'HEALTHY', member: { status: 'DOWN' } }]);
  const page = (await json('/cluster/events?format=json&limit=1000')).body as { events: unknown[] };
  expect(page.events.map((event) => clusterEventSchema.parse(event)).filter((event) => isMemberEvent(event) && event.data.update?.startsWith('drained') === true)).toHaveLength(1);
});

test('a zone that falls silent is braked: seen in the status, the events, the watch stream and in why, until beats return', async () => {
  const { url, status, why, node, bus, until } = await withMember();
  const other = beating({ nodeId: 'n2' }, overBus(bus));
  await until('n2', 'HEALTHY');
  const events = stream(`${url}/cluster/events`);
  const watch = stream(`${url}/cluster/watch`);
  await eventually('a snapshot', () => watch.length, (count) => count > 0);
  await node.stop();
  await other.stop();
  await eventually('a brake', status, (seen) => seen.brakes.some((brake) => brake.nodeIds.includes('n1')));
  expect((await why()).brake).toMatch(/^(zone zone-a|the cluster): ./);
  const late = stream(`${url}/cluster/watch`);
  await eventually('a snapshot', () => late.length, (count) => count > 0);
  expect(watchMessageSchema.parse(late[0]?.data)).toMatchObject({ kind: 'snapshot', status: { brakes: [{ nodeIds: expect.arrayContaining(['n1']) }] } });
  await eventually('no brake', async () => (await Promise.all([node.once(), other.once()]), status()), (seen) => seen.brakes.length === 0);
  const types = () => events.map(({ data }) => clusterEventSchema.parse(data).type);
  await eventually('both events', types, (seen) => seen.includes('io.muster.brake.engaged.v1') && seen.includes('io.muster.brake.released.v1'));
  expect(types()).not.toContain('io.muster.member.down.v1');
  const told = () => watch.map(({ data }) => watchMessageSchema.parse(data)).flatMap((message) => (message.kind === 'brakes' ? [message] : []));
  await eventually('the end is told', told, (messages) => messages.at(-1)?.brakes.length === 0);
  expect(told()[0]).toMatchObject({ brakes: [{ nodeIds: expect.arrayContaining(['n1']) }], news: { step: 'engaged', reason: expect.stringMatching(/./) } });
});

test('several members that were agreed on together come with one index, and a page never ends between them', async () => {
  const { url, service, json } = await withMember();
  const cluster = service.app.get(Cluster);
  const events = stream(`${url}/cluster/events`);
  const watch = stream(`${url}/cluster/watch`);
  await eventually('a snapshot', () => watch.length, (count) => count > 0);
  const profile = { service: 's', zone: 'z', tags: {}, resources: { cores: 1, memoryBytes: 1 }, httpUrl: null, probeUrl: null };
  const { term } = cluster.mandate();
  const about = { term, atUnixMs: Date.now(), incarnation: 1, seq: 1, reason: 'test' };
  const proposed = await cluster.propose({ kind: 'many', term, atUnixMs: Date.now(), commands: ['x', 'y', 'z'].map((nodeId) => ({ ...about, kind: 'join', nodeId, profile })) });
  const index = proposed.kind === 'applied' ? proposed.index : 0;
  // Other members change as well meanwhile.
  const ofEntry = () => events.map(({ id, data }) => [id, clusterEventSchema.parse(data).id] as const).filter(([, place]) => place.split('/')[2] === String(index));
  await eventually('three events', ofEntry, ({ length }) => length >= 3);
  expect(ofEntry()).toEqual([[null, `muster/${term}/${index}`], [null, `muster/${term}/${index}/1`], [index, `muster/${term}/${index}/2`]]);
  const members = () => watch.filter(({ event, data }) => event === 'member' && (data as { index: number }).index === index);
  await eventually('three changes', members, (messages) => messages.length >= 3);
  expect(members().map(({ id, data }) => [id, watchMessageSchema.parse(data)])).toMatchObject([[null, { index }], [null, { index }], [index, { index }]]);
  const page = (await json(`/cluster/events?format=json&limit=1&since=${index - 1}`)).body as { events: unknown[]; nextSince: number };
  expect([page.events.length, page.nextSince]).toEqual([3, index]);
});

test('why tells what is agreed and what is seen; a member that nobody knows has no why', async () => {
  const { why, json, node, until } = await withMember();
  expect(await why()).toMatchObject({ nodeId: 'n1', status: 'HEALTHY', marks: [], withheld: '', brake: '', damping: { penalty: 0, suppressAt: 1.5, reuseBelow: 0.75 }, now: { class: expect.stringMatching(/alive|late/), suspectAfterMs: expect.any(Number) } });
  expect(await json('/cluster/members/nobody/why')).toMatchObject({ code: 404, body: { code: 'MEMBER_UNKNOWN' } });
  await node.stop();
  await until('n1', 'SUSPECT');
  const suspect = await why();
  expect(suspect.now?.phiTrace.length).toBeGreaterThan(1);
  expect(suspect.damping.penalty).toBeGreaterThan(0.5);
});

test('why names who set each mark and why, and when a joining member is believed', async () => {
  const { order, done, why, node, until } = await withMember();
  await order('cordon', { by: 'ada', reason: 'old disk' });
  await order('drain', { by: 'bob', reason: 'release 7' });
  expect(await why()).toMatchObject({ admission: null, marked: [{ mark: 'cordoned', reason: 'cordoned by ada: old disk' }, { mark: 'draining', reason: 'drained by bob: release 7' }] });
  await done('uncordon');
  await order('drain', {});
  await order('cordon', { by: 'eve' });
  expect((await why()).marked).toEqual([{ mark: 'cordoned', reason: 'cordoned by eve', atUnixMs: expect.any(Number) }, { mark: 'draining', reason: 'drained by an operator', atUnixMs: expect.any(Number) }]);
  await node.stop();
  await until('n1', 'DOWN');
  await node.once();
  await until('n1', 'JOINING');
  const { admission, changedAtUnixMs } = await why();
  expect(admission).toMatchObject({ beats: 3 });
  expect(admission?.notBeforeUnixMs).toBeGreaterThan(changedAtUnixMs);
});

test('the address of a coordinator without a path leads to the status', async () => {
  const { json } = await start();
  const { body } = await json('/');
  expect(body).toMatchObject({ service: 'coordinator', links: { cluster: '/cluster/status', docs: '/docs' } });
});

test('the description of the API knows the orders and why', async () => {
  const { json } = await start();
  const { body } = await json('/docs-json');
  const paths = Object.keys((body as { paths: object }).paths);
  expect(paths).toEqual(expect.arrayContaining(['/cluster/members/{nodeId}/why', ...OPERATOR_ORDERS.map((order) => `/cluster/members/{nodeId}/${order}`)]));
});

test('the status says of a fresh cluster that no brake holds', async () => {
  const { json } = await start();
  expect(clusterStatusSchema.parse((await json('/cluster/status')).body).brakes).toEqual([]);
});
