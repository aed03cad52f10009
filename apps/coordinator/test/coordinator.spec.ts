import { beatsResponseSchema, clusterEventSchema, decodeClusterEvent, encodeBeat, errorBodySchema, EVENTS_TOPIC, HEARTBEATS_TOPIC, isMemberEvent, memberStatusViewSchema, watchMessageSchema } from '@muster/contracts';
import { eventually } from '@muster/testing';
import { beat } from '../testing/beats.js';
import { beating, endAll, overBus, start, stream } from '../testing/coordinator-app.js';
import { MemoryBus, placeOf } from '../testing/memory-bus.js';

afterEach(endAll);

/** What members became, from the events of the bus. */
function pathOf(bus: MemoryBus, nodeId: string): string[] {
  const events = bus.records(EVENTS_TOPIC.name).map(({ value }) => decodeClusterEvent(value ?? new Uint8Array()));
  return events.flatMap((event) => (event.kind === 'ok' && isMemberEvent(event.value) && event.value.subject === nodeId ? [event.value.data.to] : []));
}

/** Whether the words occur in this order; a busy machine may put others between them. */
function inOrder(seen: readonly string[], words: readonly string[]): boolean {
  let next = 0;
  for (const word of seen) if (word === words[next]) next += 1;
  return next === words.length;
}

test('A1 A5: beats over the bus make a member, and the status has the promised keys', async () => {
  const { bus, until, json, status: now } = await start();
  beating({ nodeId: 'n1' }, overBus(bus));
  await until('c1', 'HEALTHY');
  await until('n1', 'HEALTHY');
  // A leader alone is in touch with a majority all the time, as often as its loop says so.
  const status = await eventually('it is in touch', now, ({ ageMs, hasQuorum, membership }) => ageMs < 1000 && hasQuorum && membership['n1']?.status === 'HEALTHY');
  expect(status).toMatchObject({ cluster: 'muster', leaderId: 'c1', term: 2 });
  expect(status.membership['n1']).toMatchObject({ nodeId: 'n1', status: 'HEALTHY', healthScore: expect.any(Number), phiScore: expect.any(Number), lastHeartbeatTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) });
  expect(status.membership['c1']).toMatchObject({ service: 'coordinator' });
  expect(memberStatusViewSchema.parse((await json('/cluster/members/n1')).body).service).toBe('producer');
  expect((await json('/cluster/members')).body).toMatchObject({ members: [{ nodeId: 'c1' }, { nodeId: 'n1' }] });
  expect((await json('/cluster/incarnations/n1')).body).toEqual({ nodeId: 'n1', knownIncarnation: 7 });
  expect((await json('/cluster/incarnations/nobody')).body).toEqual({ nodeId: 'nobody', knownIncarnation: null });
});

test('A8: a node that falls silent is SUSPECT, DOWN, and comes back through JOINING', async () => {
  const { bus, until, status } = await start();
  const node = beating({ nodeId: 'n1' }, overBus(bus));
  await until('n1', 'HEALTHY');
  await until('c1', 'HEALTHY');
  await node.stop();
  await until('n1', 'SUSPECT');
  await until('n1', 'DOWN');
  const down = await status();
  expect(down).toMatchObject({ totalNodes: 1, healthyNodes: 1 });
  expect(down.membership['n1']).toMatchObject({ healthScore: 0, reason: expect.stringContaining('no heartbeat for') });
  beating({ nodeId: 'n1', incarnation: 8 }, overBus(bus));
  await until('n1', 'JOINING');
  await until('n1', 'HEALTHY');
  const path = pathOf(bus, 'n1');
  expect(inOrder(path, ['JOINING', 'HEALTHY', 'SUSPECT', 'DOWN', 'JOINING', 'HEALTHY'])).toBe(true);
  // A verdict is given once, and never without a suspicion before.
  expect(path.filter((it) => it === 'DOWN')).toHaveLength(1);
});

test('A8: a process that is gone from a host that is up is DOWN without waiting for the timeout', async () => {
  const { bus, until } = await start(new MemoryBus(), { MUSTER_FAILURE_TIMEOUT_MS: '30000' });
  // Port 1 of this host refuses connections, as the port of a killed process does.
  const node = beating({ nodeId: 'n1', httpUrl: 'http://127.0.0.1:1' }, overBus(bus));
  await until('n1', 'HEALTHY');
  await node.stop();
  const down = await until('n1', 'DOWN');
  expect(down.membership['n1']?.reason).toContain('process is gone');
});

test('a node that beats by HTTP while the bus is away is a member all the same, and nobody is judged by silence then', async () => {
  const { bus, until, post, status } = await start();
  await until('c1', 'HEALTHY');
  bus.take();
  beating({ nodeId: 'n1' }, (it) => post([it]));
  const silent = beating({ nodeId: 'n2' }, (it) => post([it]));
  for (const nodeId of ['n1', 'n2']) await until(nodeId, 'HEALTHY');
  await silent.stop();
  // Longer than silence is ever borne while the bus is there.
  const { membership } = await eventually('a long silence', status, ({ membership: { n2 } }) => Date.now() - Date.parse(n2?.lastHeartbeatTime ?? '') > 2500);
  expect([membership['n1']?.status, membership['n2']?.status]).toEqual(['HEALTHY', 'HEALTHY']);
  bus.giveBack();
  await until('n2', 'DOWN');
});

test('a bus that is up but brings nothing kills nobody', async () => {
  const { bus, until, service } = await start();
  beating({ nodeId: 'n1' }, overBus(bus));
  await until('n1', 'HEALTHY');
  bus.isMute = true;
  const judging = async () => (await service.host.metrics.getSingleMetricAsString('coordinator_judging')).endsWith(' 0');
  await eventually('it doubts itself', judging, (doubts) => doubts);
  // Far longer than the timeout, counted by beats that were sent into the void.
  const before = bus.published.length;
  await eventually('forty beats of two', () => bus.published.length - before, (count) => count > 40);
  await until('n1', 'HEALTHY');
  bus.isMute = false;
  await eventually('it judges again', judging, (doubts) => !doubts);
  await until('n1', 'HEALTHY');
});

test('a partition that brings nothing protects those whose beats it carries, and nobody else', async () => {
  const { bus, until, status } = await start();
  const partition = (nodeId: string): number => placeOf(nodeId, HEARTBEATS_TOPIC.partitionCount);
  // So many that two of them are no mass.
  const others = ['n2', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8'];
  expect(others.map(partition)).not.toContain(partition('n1'));
  beating({ nodeId: 'n1' }, overBus(bus));
  const [mortal] = others.map((nodeId) => beating({ nodeId }, overBus(bus)));
  for (const nodeId of ['c1', 'n1', ...others]) await until(nodeId, 'HEALTHY');
  bus.mute.add(partition('n1'));
  const { membership } = await eventually('a long silence', status, ({ membership: { n1 } }) => Date.now() - Date.parse(n1?.lastHeartbeatTime ?? '') > 2500);
  expect([membership['n1']?.status, membership['n2']?.status]).toEqual(['HEALTHY', 'HEALTHY']);
  await mortal?.stop();
  expect((await until('n2', 'DOWN')).membership['n1']?.status).toBe('HEALTHY');
});

test('malformed beats go to the dead-letter topic with the reason, are counted, and stop nothing', async () => {
  const { bus, until, service, post } = await start();
  await until('c1', 'HEALTHY');
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  await bus.publish(HEARTBEATS_TOPIC.name, [{ key: 'x', value: text('not json') }, { key: 'x', value: text(JSON.stringify({ ...beat(), v: 9 })) }, { key: 'y', value: encodeBeat(beat({ nodeId: 'y' })) }]);
  expect(bus.deadLetters.map((it) => it.reason)).toEqual([expect.stringContaining('not JSON'), expect.stringContaining('version 9')]);
  await until('y', 'JOINING');
  expect(await service.host.metrics.getSingleMetricAsString('cluster_heartbeats_rejected_total')).toContain('cluster_heartbeats_rejected_total{lane="bus",reason="unknown-version"} 1');
  const { code, body } = await post([beat({ nodeId: 'z' }), { v: 1 }]);
  expect(code).toBe(200);
  expect(beatsResponseSchema.parse(body).results).toMatchObject([{ nodeId: 'z', outcome: 'accepted', knownIncarnation: 7 }, { outcome: 'rejected' }]);
});

const badRequests = [
  { name: 'a body that is no array', path: '/cluster/beats', body: '{}', code: 400, error: 'BEATS_INVALID' },
  { name: 'an empty array', path: '/cluster/beats', body: '[]', code: 400, error: 'BEATS_INVALID' },
  { name: 'too many beats', path: '/cluster/beats', body: JSON.stringify(Array.from({ length: 1001 }, () => 0)), code: 400, error: 'BEATS_INVALID' },
  { name: 'a member that is unknown', path: '/cluster/members/nobody', code: 404, error: 'MEMBER_UNKNOWN' },
  { name: 'an impossible node id', path: '/cluster/incarnations/a%20b', code: 400, error: 'NODE_ID_INVALID' },
  { name: 'a place to resume from that is no number', path: '/cluster/events?since=x', code: 400, error: 'QUERY_INVALID' },
  { name: 'a limit out of range', path: '/cluster/events?format=json&limit=0', code: 400, error: 'QUERY_INVALID' },
];
test('wrong requests are answered with a code, what was wrong and what to do', async () => {
  const { json } = await start();
  for (const { name, path, body, code, error } of badRequests) {
    const answer = await json(path, body === undefined ? undefined : { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect({ name, code: answer.code, error: errorBodySchema.parse(answer.body).code }).toEqual({ name, code, error });
  }
});

test('the watch stream begins with a snapshot and goes on with changes and pulses', async () => {
  const { bus, url, until } = await start();
  await until('c1', 'HEALTHY');
  const seen = stream(`${url}/cluster/watch`);
  await eventually('a snapshot', () => seen.length, (count) => count > 0);
  beating({ nodeId: 'n1' }, overBus(bus));
  await eventually('a pulse and two changes', () => seen.map((it) => it.event), (kinds) => kinds.includes('pulse') && kinds.filter((kind) => kind === 'member').length >= 2);
  await until('n1', 'HEALTHY');
  const messages = seen.map((it) => watchMessageSchema.parse(it.data));
  expect(messages[0]).toMatchObject({ kind: 'snapshot', status: { membership: { c1: { service: 'coordinator' } } } });
  expect(messages.filter((it) => it.kind === 'member' && it.member.nodeId === 'n1').slice(0, 2)).toMatchObject([{ from: null, member: { nodeId: 'n1', status: 'JOINING' } }, { from: 'JOINING', member: { nodeId: 'n1', status: 'HEALTHY' } }]);
  expect(seen.map((it) => it.id)).toEqual(seen.map((it) => it.id).toSorted((a, b) => (a ?? 0) - (b ?? 0)));
});

test('the event stream resumes where a reader left off, and the same events come as a page', async () => {
  const { bus, url, until, json } = await start();
  await until('c1', 'HEALTHY');
  beating({ nodeId: 'n1' }, overBus(bus));
  await until('n1', 'HEALTHY');
  const all = stream(`${url}/cluster/events?since=0`);
  await eventually('four transitions', () => all.length, (count) => count >= 4);
  const resumed = stream(`${url}/cluster/events`, { 'last-event-id': String(all[1]?.id) });
  await eventually('the rest', () => resumed.length, (count) => count >= 2);
  expect(resumed.slice(0, 2)).toEqual(all.slice(2, 4));
  const { body } = await json('/cluster/events?format=json&limit=3&since=0');
  const page = body as { events: unknown[]; nextSince: number; missingUpToIndex: number | null };
  expect(page.events).toEqual(all.slice(0, 3).map((it) => it.data));
  expect(page).toMatchObject({ nextSince: all[2]?.id, missingUpToIndex: null });
  expect(clusterEventSchema.parse(page.events[0]).id).toMatch(/^muster\/2\/\d+$/);
});

test('more streams than allowed are refused, and those that close make room', async () => {
  const { url, json } = await start(new MemoryBus(), { MUSTER_COORDINATOR_WATCHERS_MAX: '1' });
  const abort = new AbortController();
  await fetch(`${url}/cluster/watch`, { signal: abort.signal });
  expect((await json('/cluster/watch')).body).toMatchObject({ statusCode: 503, code: 'STREAMS_EXHAUSTED' });
  abort.abort();
  await eventually('room', async () => {
    const response = await fetch(`${url}/cluster/events`);
    await response.body?.cancel();
    return response.status;
  }, (code) => code === 200);
});

test('a restart keeps the members and gives them a deadline; who leaves says so as its last word', async () => {
  const bus = new MemoryBus();
  const first = await start(bus);
  const node = beating({ nodeId: 'n1' }, overBus(bus));
  await first.until('n1', 'HEALTHY');
  await first.until('c1', 'HEALTHY');
  await first.close();
  const second = await start(bus);
  const status = await eventually('it leads again', second.status, ({ term }) => term > 2);
  expect(status.membership['n1']).toMatchObject({ status: 'HEALTHY', incarnation: 7 });
  await second.until('c1', 'HEALTHY');
  await node.stop();
  await node.once('leaving');
  await node.once('left');
  await second.until('n1', 'LEFT');
  const ends = pathOf(bus, 'c1');
  expect(inOrder(ends, ['JOINING', 'HEALTHY', 'LEAVING', 'LEFT', 'JOINING', 'HEALTHY'])).toBe(true);
});

test('A12 E5: the promised metrics are there under their names', async () => {
  const { url, until, bus } = await start();
  beating({ nodeId: 'n1' }, overBus(bus));
  await until('n1', 'HEALTHY');
  await until('c1', 'HEALTHY');
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const line of ['cluster_total_nodes 2', 'coordinator_is_leader 1', 'raft_state 2', 'raft_term 2', 'cluster_failures_detected_total{class="unreachable"} 0', 'cluster_members{status="DOWN"} 0', 'cluster_verdicts_withheld_total{reason="brake"} 0', 'cluster_brake_active{scope="cluster"} 0', 'cluster_damped_nodes 0', 'coordinator_lanes_open 0']) expect(text).toContain(`\n${line}\n`);
  for (const name of ['cluster_healthy_nodes', 'cluster_heartbeats_received_total{lane="bus"}', 'cluster_heartbeats_sent_total', 'cluster_detection_seconds', 'coordinator_canary_age_seconds{partition="11"}', 'raft_applied_index', 'raft_commit_index', 'cluster_member_health_score{member="n1"']) expect(text).toContain(name);
});
