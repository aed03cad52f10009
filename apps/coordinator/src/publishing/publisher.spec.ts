import { decodeClusterEvent, decodeMember, EVENTS_TOPIC, MEMBERSHIP_TOPIC } from '@muster/contracts';
import { type Command, type MemberCommand, type MembershipRules, membershipRules, type MembershipSnapshot } from '@muster/membership';
import { loneCluster, quiet as logger } from '../../testing/lone-cluster.js';
import { MemoryBus } from '../../testing/memory-bus.js';
import { SimClock, turns } from '../../testing/sim-clock.js';
import { Publisher } from './publisher.js';

function publishing(bus = new MemoryBus(), clock = new SimClock(), limits: Partial<MembershipRules> = {}, state?: MembershipSnapshot) {
  const { cluster, log } = loneCluster({ rules: { ...membershipRules({ stabilisationMs: 1 }), ...limits }, ...(state === undefined ? {} : { state }) });
  let failed = 0;
  const publisher = new Publisher({ cluster, bus, clock, logger, metrics: { changesPublished: () => undefined, publishFailed: () => void (failed += 1) } });
  publisher.start();
  const about = (nodeId: string) => ({ term: cluster.status().term, atUnixMs: clock.nowUnixMs(), nodeId, incarnation: 1, seq: 1, reason: 'test' });
  const join1 = (nodeId: string): MemberCommand => ({ ...about(nodeId), kind: 'join', profile: { service: 's', zone: 'z', tags: {}, resources: { cores: 1, memoryBytes: 1 }, httpUrl: null, probeUrl: null } });
  const admit = (nodeId: string): MemberCommand => ({ ...about(nodeId), kind: 'admit' });
  const events = () => bus.records(EVENTS_TOPIC.name).map(({ value }) => {
    const decoded = decodeClusterEvent(value ?? new Uint8Array());
    return decoded.kind === 'ok' ? { id: decoded.value.id, type: decoded.value.type } : decoded;
  });
  const many = (...commands: Exclude<Command, { kind: 'many' | 'published' }>[]): Command => ({ kind: 'many', term: cluster.status().term, atUnixMs: clock.nowUnixMs(), commands });
  const brake = (nodeIds: readonly string[]) => ({ kind: 'brake', term: cluster.status().term, atUnixMs: clock.nowUnixMs(), zone: 'z', nodeIds, holdMs: 60_000, reason: 'all of it is silent' }) as const;
  return { bus, clock, cluster, log, publisher, failures: () => failed, join1, admit, many, brake, events };
}

test('each change becomes an event and a record, in the order of the log, with ids that say cluster, term and index', async () => {
  const { bus, cluster, join1, admit, events } = publishing();
  await cluster.propose(join1('a'));
  await cluster.propose(join1('b'));
  await cluster.propose(admit('a'));
  await turns(20);
  expect(events().map((event) => 'type' in event && event.type)).toEqual(['io.muster.member.joining.v1', 'io.muster.member.joining.v1', 'io.muster.member.healthy.v1']);
  const indexes = events().map((event) => ('id' in event ? Number(event.id.split('/')[2]) : NaN));
  expect(indexes).toEqual(indexes.toSorted((x, y) => x - y));
  const records = bus.records(MEMBERSHIP_TOPIC.name).map(({ key, value }) => [key, value === null ? null : decodeMember(value)]);
  expect(records).toMatchObject([['a', { kind: 'ok', value: { status: 'JOINING' } }], ['b', { kind: 'ok' }], ['a', { kind: 'ok', value: { status: 'HEALTHY' } }]]);
  expect(cluster.membership.outboxLength).toBe(0);
});

/** Ids of the events of each publish. */
function publishes(bus: MemoryBus): string[][] {
  const seen: string[][] = [];
  const publish = bus.publish.bind(bus);
  bus.publish = (topic, records) => {
    if (topic === EVENTS_TOPIC.name) seen.push(records.map(({ value }) => JSON.parse(new TextDecoder().decode(value ?? new Uint8Array())).id));
    return publish(topic, records);
  };
  return seen;
}

test('what was agreed on together is published together, numbered within its entry, however much it is', async () => {
  const { bus, cluster, join1, many } = publishing();
  const seen = publishes(bus);
  const nodes = Array.from({ length: 250 }, (_, node) => `n${node}`);
  await cluster.propose(join1('a'));
  await cluster.propose(many(...nodes.map((nodeId) => join1(nodeId))));
  await turns(20);
  const numbered = nodes.map((_, ordinal) => (ordinal === 0 ? 'test/1/2' : `test/1/2/${ordinal}`));
  expect(seen.find((ids) => ids.includes('test/1/2'))).toEqual(expect.arrayContaining(numbered));
  expect(seen.flat()).toEqual(['test/1/1', ...numbered]);
  expect(cluster.membership.outboxLength).toBe(0);
});

test('an entry that got out by half is told again as a whole, with the same ids', async () => {
  const { bus, clock, cluster, join1, many, events } = publishing();
  const publish = bus.publish.bind(bus);
  bus.publish = (topic, records) => (topic === MEMBERSHIP_TOPIC.name ? Promise.reject(new Error('away')) : publish(topic, records));
  await cluster.propose(many(join1('a'), join1('b')));
  await turns(10);
  expect(events()).toMatchObject([{ id: 'test/1/1' }, { id: 'test/1/1/1' }]);
  expect(bus.records(MEMBERSHIP_TOPIC.name)).toEqual([]);
  bus.publish = publish;
  await clock.advance(1000);
  expect(events().map((event) => 'id' in event && event.id)).toEqual(['test/1/1', 'test/1/1/1', 'test/1/1', 'test/1/1/1']);
  expect(bus.records(MEMBERSHIP_TOPIC.name).map(({ key }) => key)).toEqual(['a', 'b']);
  expect(cluster.membership.outboxLength).toBe(0);
});

test('brakes and the orders of operators are events: the ones in no member record, the others in that of the member', async () => {
  const { bus, cluster, clock, join1, admit, brake } = publishing();
  const publish = bus.publish.bind(bus);
  bus.publish = (topic, records) => (records.length === 0 ? Promise.reject(new Error('nothing to publish')) : publish(topic, records));
  const order = { term: 1, atUnixMs: clock.nowUnixMs(), nodeId: 'a' };
  for (const command of [join1('a'), admit('a'), brake(['a']), { kind: 'drain', ...order, reason: 'drained by ada' }, { kind: 'evict', ...order, reason: 'evicted by ada' }] as const) await cluster.propose(command);
  await turns(30);
  const events = bus.records(EVENTS_TOPIC.name).map(({ key, value }) => [key, decodeClusterEvent(value ?? new Uint8Array())]);
  expect(events.slice(2)).toMatchObject([
    ['zone/z', { kind: 'ok', value: { id: expect.stringMatching(/^test\/1\/\d+$/), type: 'io.muster.brake.engaged.v1', subject: 'zone/z', data: { nodeCount: 1, brake: { zone: 'z', nodeIds: ['a'] }, reason: 'all of it is silent' } } }],
    ['a', { kind: 'ok', value: { type: 'io.muster.member.updated.v1', data: { from: 'HEALTHY', to: 'HEALTHY', update: 'drained by ada', member: { marks: ['draining'] } } } }],
    ['a', { kind: 'ok', value: { type: 'io.muster.member.down.v1', data: { from: 'HEALTHY', member: { reason: 'evicted by ada' } } } }],
    ['zone/z', { kind: 'ok', value: { type: 'io.muster.brake.released.v1' } }],
  ]);
  const records = bus.records(MEMBERSHIP_TOPIC.name).map(({ key, value }) => [key, value === null ? null : decodeMember(value)]);
  expect(records.slice(2)).toMatchObject([['a', { value: { status: 'HEALTHY', marks: ['draining'] } }], ['a', { value: { status: 'DOWN' } }]]);
  expect(cluster.membership.outboxLength).toBe(0);
});

test('a brake over more members than a record could hold gets out, with their number', async () => {
  const { bus, cluster, join1, admit, many, brake } = publishing();
  const nodes = Array.from({ length: 2000 }, (_, node) => `${'n'.repeat(120)}${node}`);
  await cluster.propose(many(...nodes.map((nodeId) => join1(nodeId)), ...nodes.map((nodeId) => admit(nodeId))));
  await cluster.propose(brake(nodes));
  await turns(30);
  const last = decodeClusterEvent(bus.records(EVENTS_TOPIC.name).at(-1)?.value ?? new Uint8Array());
  expect(last).toMatchObject({ kind: 'ok', value: { type: 'io.muster.brake.engaged.v1', data: { nodeCount: 2000 } } });
  expect(cluster.membership.outboxLength).toBe(0);
});

test('while the bus is away changes wait, and go out in order when it is back', async () => {
  const { bus, clock, cluster, join1, events } = publishing();
  bus.take();
  for (const nodeId of ['a', 'b', 'c']) await cluster.propose(join1(nodeId));
  await clock.advance(20_000);
  expect(cluster.membership.outboxLength).toBe(3);
  expect(events()).toEqual([]);
  bus.giveBack();
  await clock.advance(6000);
  expect(events()).toHaveLength(3);
  expect(cluster.membership.outboxLength).toBe(0);
});

test('a restart goes on where the bus acknowledged, and repeats nothing that was noted', async () => {
  const first = publishing();
  await first.cluster.propose(first.join1('a'));
  await turns(20);
  await first.publisher.stop(0);
  await first.cluster.propose(first.admit('a'));
  const second = publishing(first.bus, undefined, {}, first.cluster.saved());
  await turns(20);
  expect(second.events().map((event) => 'id' in event && event.id)).toEqual(['test/1/1', 'test/1/3']);
});

test('who was forgotten becomes a tombstone', async () => {
  const { bus, clock, cluster, join1 } = publishing();
  await cluster.propose(join1('a'));
  const { kind: _, profile: __, ...about } = join1('a') as Extract<MemberCommand, { kind: 'join' }>;
  await cluster.propose({ ...about, kind: 'left' });
  await clock.advance(25 * 3600_000);
  await cluster.propose({ ...about, kind: 'reap', atUnixMs: clock.nowUnixMs() });
  await turns(20);
  expect(bus.records(MEMBERSHIP_TOPIC.name).at(-1)).toMatchObject({ key: 'a', value: null });
});

test('when the outbox overflowed while the bus was away, every member is told again before what is left', async () => {
  const { bus, clock, cluster, join1, admit } = publishing(new MemoryBus(), new SimClock(), { historyMax: 4, outboxMax: 4 });
  bus.take();
  const nodes = Array.from({ length: 12 }, (_, node) => `n${node}`);
  for (const nodeId of nodes) await cluster.propose(join1(nodeId));
  await cluster.propose(admit('n11'));
  expect(cluster.membership.outboxDropped).toBeGreaterThan(0);
  bus.giveBack();
  await clock.advance(6000);
  const latest = new Map(bus.records(MEMBERSHIP_TOPIC.name).map(({ key, value }) => [key, value === null ? null : decodeMember(value)]));
  expect(new Set(latest.keys())).toEqual(new Set(nodes));
  expect(latest.get('n11')).toMatchObject({ value: { status: 'HEALTHY' } });
  expect(cluster.membership.outboxLength).toBe(0);
});

test('what the bus acknowledged while the disk could not note it is not told again, and is noted when the disk is back', async () => {
  const { bus, clock, cluster, join1, events } = publishing();
  const propose = cluster.propose.bind(cluster);
  cluster.propose = (command, options) => (command.kind === 'published' ? Promise.resolve({ kind: 'unavailable', code: 'busy', reason: 'disk full' }) : propose(command, options));
  await cluster.propose(join1('a'));
  await clock.advance(3000);
  expect([events().length, bus.records(MEMBERSHIP_TOPIC.name).length, cluster.membership.outboxLength]).toEqual([1, 1, 1]);
  cluster.propose = propose;
  await clock.advance(6000);
  expect([events().length, cluster.membership.outboxLength]).toEqual([1, 0]);
});

test('a change that falls into the moment in which publishing ends is not left behind', async () => {
  const { bus, cluster, join1, admit, events } = publishing();
  const propose = cluster.propose.bind(cluster);
  let isLate = true;
  cluster.propose = async (command, options) => {
    const proposed = await propose(command, options);
    if (command.kind !== 'published' || !isLate) return proposed;
    isLate = false;
    queueMicrotask(() => void propose(admit('a')));
    return proposed;
  };
  await propose(join1('a'));
  await turns(30);
  expect(events()).toHaveLength(2);
  expect(bus.records(MEMBERSHIP_TOPIC.name)).toHaveLength(2);
  expect(cluster.membership.outboxLength).toBe(0);
});

test('only the leader publishes; the next one goes on where the state says, and none is missing', async () => {
  const { bus, cluster, log, join1, admit, events } = publishing();
  await cluster.propose(join1('a'));
  await turns(20);
  log.lead({ isLeader: false, term: 2 });
  log.arrive({ index: 7, term: 2, command: { ...join1('b'), term: 2 } });
  await turns(20);
  expect(events()).toHaveLength(1);
  log.lead({ isLeader: true, term: 3 });
  await turns(20);
  expect(events().map((event) => 'id' in event && event.id)).toEqual(['test/1/1', 'test/2/7']);
  await cluster.propose({ ...admit('a'), term: 3 } as Command);
  await turns(20);
  expect(bus.records(MEMBERSHIP_TOPIC.name)).toHaveLength(3);
  expect(cluster.membership.outboxLength).toBe(0);
});

test('who leads again while a pause after a failure lasts does not wait for its end', async () => {
  const { bus, clock, cluster, log, join1, events, failures } = publishing();
  bus.take();
  await cluster.propose(join1('a'));
  await turns(20);
  log.lead({ isLeader: false, term: 2 });
  bus.giveBack();
  expect([failures(), clock.wakesLeft]).toEqual([1, 0]);
  log.lead({ isLeader: true, term: 3 });
  await turns(20);
  expect(events()).toHaveLength(1);
});

test('what was under way when the leadership was lost is for the next leader to say: no failure, no retry', async () => {
  const { bus, clock, cluster, log, join1, failures } = publishing();
  const underway = Promise.withResolvers<void>();
  bus.publish = () => underway.promise;
  await cluster.propose(join1('a'));
  await turns(20);
  log.lead({ isLeader: false, term: 2 });
  underway.reject(new Error('away'));
  await turns(20);
  expect([failures(), clock.wakesLeft]).toEqual([0, 0]);
});
