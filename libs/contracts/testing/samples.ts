/** One full value of every wire format, and generators of any legal one. */
import fc from 'fast-check';
import { type Beat, type BrakeEvent, type ClusterEvent, LOG_LEVELS, type LogRecord, MEMBER_MARKS, MEMBER_STATUSES, type MemberEvent, memberEventType, type MemberRecord } from '../src/index.js';

export const sampleBeat: Beat = {
  v: 1,
  nodeId: 'producer-1',
  incarnation: 1_795_218_000_123_456,
  seq: 42,
  sentMonoMs: 41_000.25,
  sentUnixMs: 1_795_218_041_000,
  intervalMs: 1000,
  state: 'running',
  service: 'producer',
  zone: 'zone-a',
  tags: { rack: 'r1', note: 'Grüße ✓' },
  resources: { cores: 1.5, memoryBytes: 536_870_912 },
  httpUrl: 'http://127.0.0.1:8082',
  probeUrl: 'tcp://127.0.0.1:40123',
  mainLagMs: 0,
  vitals: { cpuProcess: 0.125, cpuHost: 0.5, memory: 0.25, eventLoopDelayMs: 1.5, errorRate: 0, checks: [{ name: 'bus', ok: false, detail: 'down for 3 s' }, { name: 'disk', ok: true }] },
};

export const sampleMember: MemberRecord = {
  v: 1,
  nodeId: 'producer-1',
  incarnation: 1_795_218_000_123_456,
  status: 'DOWN',
  reason: 'no heartbeat for 12.0 s (phi 16.2)',
  service: 'producer',
  zone: 'zone-a',
  tags: { rack: 'r1' },
  resources: { cores: 1.5, memoryBytes: 536_870_912 },
  httpUrl: null,
  probeUrl: 'tcp://127.0.0.1:40123',
  marks: ['damped'],
  changedAtUnixMs: 1_795_218_053_000,
  index: 17,
  term: 2,
};

export const sampleEvent: MemberEvent = {
  specversion: '1.0',
  id: 'muster/2/17',
  source: '/coordinators/coordinator-1',
  type: 'io.muster.member.down.v1',
  subject: 'producer-1',
  time: '2026-11-20T23:40:53.000Z',
  datacontenttype: 'application/json',
  data: { from: 'SUSPECT', to: 'DOWN', member: sampleMember, silenceMs: 12_000 },
};

export const sampleBrakeEvent: BrakeEvent = {
  specversion: '1.0',
  id: 'muster/2/18/1',
  source: '/muster/muster',
  type: 'io.muster.brake.engaged.v1',
  subject: 'zone/zone-a',
  time: '2026-11-20T23:40:53.000Z',
  datacontenttype: 'application/json',
  data: {
    brake: { zone: 'zone-a', reason: '4 of 6 members of zone-a are silent', sinceUnixMs: 1_795_218_053_000, holdsUntilUnixMs: 1_795_218_113_000, nodeIds: ['producer-1', 'producer-2'] },
    nodeCount: 2,
    reason: '4 of 6 members of zone-a are silent',
    index: 18,
    term: 2,
  },
};

export const sampleLog: LogRecord = {
  v: 1,
  id: '0b1ee2a4-5a54-4c67-9d0c-0f9d5d0c7c11',
  timeUnixMs: 1_795_218_041_000,
  level: 'warn',
  service: 'checkout',
  source: 'checkout-7f9c',
  producerId: 'producer-1',
  message: 'payment took 2.3 s "again"\n\tline two – ✓',
  attributes: { orderId: 'o-1', durationMs: 2300.5, isRetry: true, parent: null },
};

const nodeId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const service = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const zone = fc.string({ unit: 'grapheme-composite', minLength: 1, maxLength: 10 });
const tags = fc.dictionary(fc.stringMatching(/^[a-z]{1,10}$/), fc.string({ unit: 'grapheme-composite', maxLength: 20 }), { maxKeys: 5, noNullPrototype: true });
const ratio = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);
const natural = fc.nat();
const positive = fc.integer({ min: 1 });
const incarnation = fc.maxSafeNat().map((value) => Math.max(1, value));
const resources = fc.record({ cores: fc.double({ min: 0.01, max: 512, noNaN: true }), memoryBytes: positive });
const probeUrl = fc.option(fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 })).map(([host, port]) => `tcp://${host}:${port}`));
const httpUrl = fc.option(fc.webUrl({ validSchemes: ['http', 'https'] }).filter((url) => url.length <= 512 && URL.canParse(url)));

export const anyBeat: fc.Arbitrary<Beat> = fc.record({
  v: fc.constant(1 as const),
  nodeId,
  incarnation,
  seq: positive,
  sentMonoMs: fc.double({ min: 0, max: 1e12, noNaN: true }).map((value) => value + 0),
  sentUnixMs: natural,
  intervalMs: fc.integer({ min: 10, max: 60_000 }),
  state: fc.constantFrom('running', 'leaving', 'left'),
  service,
  zone,
  tags,
  resources,
  httpUrl,
  probeUrl,
  mainLagMs: fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => value + 0),
  vitals: fc.record({
    cpuProcess: ratio,
    cpuHost: ratio,
    memory: ratio,
    eventLoopDelayMs: fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => value + 0),
    errorRate: ratio,
    checks: fc.array(fc.record({ name: fc.string({ minLength: 1, maxLength: 20 }), ok: fc.boolean(), detail: fc.string({ maxLength: 40 }) }, { requiredKeys: ['name', 'ok'], noNullPrototype: true }), { maxLength: 4 }),
  }),
}, { noNullPrototype: true });

export const anyMember: fc.Arbitrary<MemberRecord> = fc.record(
  { v: fc.constant(1 as const), nodeId, incarnation, status: fc.constantFrom(...MEMBER_STATUSES), reason: fc.string({ maxLength: 100 }), service, zone, tags, resources, httpUrl, probeUrl, marks: fc.subarray([...MEMBER_MARKS]), changedAtUnixMs: natural, index: positive, term: positive },
  { noNullPrototype: true },
);

const anyMemberEvent: fc.Arbitrary<ClusterEvent> = fc
  .record({ member: anyMember, from: fc.option(fc.constantFrom(...MEMBER_STATUSES)), silenceMs: fc.option(natural), at: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }) })
  .map(({ member, from, silenceMs, at }) => ({
    specversion: '1.0',
    id: `muster/${member.term}/${member.index}`,
    source: '/coordinators/coordinator-1',
    type: memberEventType(member.status),
    subject: member.nodeId,
    time: at.toISOString(),
    datacontenttype: 'application/json',
    data: { from, to: member.status, member, silenceMs },
  }));

const anyBrakeEvent: fc.Arbitrary<ClusterEvent> = fc
  .record({ zone: fc.option(zone), reason: fc.string({ maxLength: 100 }), nodeIds: fc.array(nodeId, { maxLength: 5 }), sinceUnixMs: natural, index: positive, isEngaged: fc.boolean() })
  .map(({ zone: of, reason, nodeIds, sinceUnixMs, index, isEngaged }) => ({
    specversion: '1.0',
    id: `muster/1/${index}`,
    source: '/muster/muster',
    type: isEngaged ? 'io.muster.brake.engaged.v1' : 'io.muster.brake.released.v1',
    subject: of === null ? 'cluster' : `zone/${of}`,
    time: new Date(sinceUnixMs).toISOString(),
    datacontenttype: 'application/json',
    data: { brake: { zone: of, reason, sinceUnixMs, holdsUntilUnixMs: sinceUnixMs, nodeIds }, nodeCount: nodeIds.length, reason, index, term: 1 },
  }));

export const anyEvent: fc.Arbitrary<ClusterEvent> = fc.oneof(anyMemberEvent, anyBrakeEvent);

export const anyLog: fc.Arbitrary<LogRecord> = fc.record(
  {
    v: fc.constant(1 as const),
    id: fc.uuid(),
    timeUnixMs: natural,
    level: fc.constantFrom(...LOG_LEVELS),
    service,
    source: zone,
    producerId: nodeId,
    message: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
    attributes: fc.dictionary(fc.stringMatching(/^[a-z]{1,10}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)), { maxKeys: 5, noNullPrototype: true }),
  },
  { noNullPrototype: true },
);
