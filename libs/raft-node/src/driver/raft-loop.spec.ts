/** The loop in this thread: what it writes before it speaks, and how it ends. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, stat } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Entry, founded, type Message, type Raft } from '@muster/raft';
import { freePort, until } from '@muster/testing';
import { RaftStore, type Write } from '../store/raft-store.js';
import { PART_BYTES } from '../store/snapshot-parts.js';
import type { FromLoop, LoopSetup } from './messages.js';
import { RaftLoop } from './raft-loop.js';

type Told<K extends FromLoop['kind']> = Extract<FromLoop, { readonly kind: K }>;

/** Of these members alone: an address that one of them left may be that of another suite's member by now. */
const SECRET = randomUUID();
let folder = '';
const loops: RaftLoop[] = [];
const storeStage = Reflect.get(RaftStore.prototype, 'stage') as (this: RaftStore, index: number, part: number, bytes: Uint8Array) => void;
const storeWrite = Reflect.get(RaftStore.prototype, 'write') as (this: RaftStore, what: Write) => void;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'muster-loop-'))));
afterEach(() => {
  RaftStore.prototype.write = storeWrite;
  RaftStore.prototype.stage = storeStage;
  for (const loop of loops.splice(0)) loop.receive({ kind: 'stop' });
  rmSync(folder, { recursive: true, force: true });
});

function setupOf(nodeId: string, more: Partial<LoopSetup> = {}): LoopSetup {
  const found = { voters: [nodeId], outgoing: [], learners: [] };
  const times = { tickMs: 5, electionTicks: 10, heartbeatTicks: 2, leases: false, keepEntries: 10, lowWaterBytes: 0, unappliedMax: 1000 };
  return { nodeId, clusterId: 'one', secret: SECRET, tls: null, storePath: join(folder, nodeId), host: '127.0.0.1', port: 0, advertise: null, peers: { peers: [], removedStoreIds: [] }, found, ...times, ...more };
}

async function started(setup: LoopSetup): Promise<{ readonly loop: RaftLoop; readonly told: FromLoop[] }> {
  const told: FromLoop[] = [];
  const loop = await RaftLoop.start(setup, (messages) => told.push(...messages));
  loops.push(loop);
  return { loop, told };
}

const toldOf = <K extends FromLoop['kind']>(told: readonly FromLoop[], kind: K): Told<K>[] => told.filter((message) => message.kind === kind) as Told<K>[];
const data = (text: string): Uint8Array => new TextEncoder().encode(text);

/** As if it came from a peer, over the transport. */
function arrive(loop: RaftLoop, message: Message): void {
  (Reflect.get(loop, 'inbox') as Message[]).push(message);
  // It does not lead: this only makes the loop turn.
  loop.receive({ kind: 'propose', id: 1, data: data('x') });
}

async function leading(setup: LoopSetup): ReturnType<typeof started> {
  const made = await started(setup);
  await until('it leads', () => toldOf(made.told, 'role').some(({ role }) => role.role === 'leader'));
  return made;
}

test('proposals that come together share a write, and each is told its place', async () => {
  const { loop, told } = await leading(setupOf('a'));
  let writes = 0;
  RaftStore.prototype.write = function write(this: RaftStore, what): void {
    writes += 1;
    storeWrite.call(this, what);
  };
  for (let id = 1; id <= 50; id++) loop.receive({ kind: 'propose', id, data: data(`x${id}`) });
  await until('all are applied', () => toldOf(told, 'apply').flatMap(({ entries }) => entries).length >= 51);
  expect(writes).toBe(1);
  const appended = toldOf(told, 'appended');
  expect(appended).toMatchObject([{ ids: Array.from({ length: 50 }, (_, position) => position + 1) }]);
  // The entry that began the term stands before.
  expect(appended[0]?.index).toBe(2);
});

test('what cannot be written is not said to be: the loop ends, says why, and listens no more', async () => {
  const port = await freePort();
  const { loop, told } = await leading(setupOf('a', { port }));
  RaftStore.prototype.write = () => {
    throw new Error('database or disk is full');
  };
  const applied = toldOf(told, 'apply').length;
  loop.receive({ kind: 'propose', id: 1, data: data('x') });
  await until('it has ended', () => toldOf(told, 'failed').length > 0);
  expect(toldOf(told, 'failed')).toEqual([{ kind: 'failed', text: 'database or disk is full' }]);
  expect(toldOf(told, 'apply')).toHaveLength(applied);
  const refused = await new Promise((done) => connect({ host: '127.0.0.1', port }).on('error', (error: NodeJS.ErrnoException) => done(error.code)));
  expect(refused).toBe('ECONNREFUSED');
});

test('a vote and an acknowledgement leave only after they are on the disk', async () => {
  const { loop, told } = await started(setupOf('a', { electionTicks: 10_000, found: { voters: ['a', 'b'], outgoing: [], learners: [] } }));
  const order: string[] = [];
  RaftStore.prototype.write = function write(this: RaftStore, what): void {
    storeWrite.call(this, what);
    order.push('written');
  };
  Object.assign(Reflect.get(loop, 'transport') as object, { send: (messages: readonly Message[]) => order.push(...messages.map(({ kind }) => kind)) });
  const asks: Message[] = [
    { kind: 'vote', from: 'b', to: 'a', term: 5, isPre: false, isTransfer: false, lastIndex: 0, lastTerm: 0 },
    { kind: 'append', from: 'b', to: 'a', term: 5, prevIndex: 0, prevTerm: 0, entries: [{ kind: 'noop', index: 1, term: 5 }], commit: 0 },
  ];
  for (const [id, ask] of asks.entries()) {
    arrive(loop, ask);
    await until('its turn is over', () => toldOf(told, 'denied').length > id && order.includes(`${ask.kind}-reply`));
  }
  expect(order).toEqual(['written', 'vote-reply', 'written', 'append-reply']);
});

test('a store of another cluster is not taken', async () => {
  const { loop } = await leading(setupOf('a'));
  loop.receive({ kind: 'stop' });
  await expect(RaftLoop.start(setupOf('a', { clusterId: 'two' }), () => {})).rejects.toThrow('belongs to the cluster one, and it is told to be one of two');
});

test('a group is founded once: later settings do not change who belongs', async () => {
  const { loop } = await leading(setupOf('a'));
  loop.receive({ kind: 'stop' });
  const again = await leading(setupOf('a', { found: { voters: ['a', 'b', 'c'], outgoing: [], learners: [] } }));
  again.loop.receive({ kind: 'status', id: 1 });
  expect(toldOf(again.told, 'status')[0]?.status.config.voters).toEqual(['a']);
});

test.each([
  { name: 'a store that was removed', peersFor: (storeId: string) => ({ peers: [], removedStoreIds: [storeId] }), says: 'was removed from the group' },
  { name: 'a known member with another store', peersFor: () => ({ peers: [{ nodeId: 'b', address: '127.0.0.1:1', storeId: 'the one before' }], removedStoreIds: [] }), says: 'it lost its memory' },
])('$name is refused in words', async ({ peersFor, says }) => {
  const a = await leading(setupOf('a'));
  const b = await started(setupOf('b', { found: null, peers: { peers: [{ nodeId: 'a', address: toldOf(a.told, 'started')[0]?.address ?? '', storeId: null }], removedStoreIds: [] } }));
  a.loop.receive({ kind: 'peers', peers: peersFor(toldOf(b.told, 'started')[0]?.storeId ?? '') });
  await until('b is told', () => toldOf(b.told, 'trouble').some(({ text }) => text.includes(says)));
});

test('it says without being asked how it stands, again and again', async () => {
  const { told } = await leading(setupOf('a'));
  await until('it told more than once that it leads, and what its disk has', () => toldOf(told, 'pulse').filter(({ pulse }) => pulse.role === 'leader' && pulse.diskFreeBytes !== null).length > 2);
  const last = toldOf(told, 'pulse').at(-1)?.pulse;
  expect(last).toMatchObject({ leaderId: 'a', commitIndex: 1, appliedIndex: 1, peers: [], counts: { elections: 1, leaderChanges: 1, stepDowns: 0 } });
  expect(last?.contactAtMs).toBe(last?.atMs);
  expect(last?.diskFreeBytes).toBeGreaterThan(0);
});

test('a leader whose disk is nearly full hands over while it can', async () => {
  const found = { voters: ['a', 'b'], outgoing: [], learners: [] };
  const more = { electionTicks: 40, heartbeatTicks: 4, lowWaterBytes: Number.MAX_SAFE_INTEGER, found };
  const both = [await started(setupOf('a', more)), await started(setupOf('b', more))];
  const peers = { peers: both.map(({ told }, position) => ({ nodeId: 'ab'[position] ?? '', address: toldOf(told, 'started')[0]?.address ?? '', storeId: null })), removedStoreIds: [] };
  for (const { loop } of both) loop.receive({ kind: 'peers', peers });
  await until('each has led', () => both.every(({ told }) => toldOf(told, 'role').some(({ role }) => role.role === 'leader')));
  const troubles = (): string[] => both.flatMap(({ told }) => toldOf(told, 'trouble').map(({ text }) => text));
  await until('it is told', () => troubles().some((text) => /^leadership goes to '[ab]': only \d+ bytes are free on its disk/.test(text)));
  await until('it is counted', () => both.some(({ told }) => toldOf(told, 'pulse').at(-1)?.pulse.counts.diskHandovers === 1));
});

test('a leader that stood still gives no read on its lease, though no timer has run since', async () => {
  const more = { electionTicks: 40, heartbeatTicks: 4, leases: true, found: { voters: ['a', 'b'], outgoing: [], learners: [] } };
  const both = [await started(setupOf('a', more)), await started(setupOf('b', more))];
  const peers = { peers: both.map(({ told }, position) => ({ nodeId: 'ab'[position] ?? '', address: toldOf(told, 'started')[0]?.address ?? '', storeId: null })), removedStoreIds: [] };
  for (const { loop } of both) loop.receive({ kind: 'peers', peers });
  const raftOf = ({ loop }: { readonly loop: RaftLoop }): Raft => Reflect.get(loop, 'raft') as Raft;
  // Goes on where input is taken, after the timers of this round of the event loop, as what comes over a socket does.
  const leader = await until('one holds a lease', () => new Promise<(typeof both)[number] | undefined>((done) => stat(folder, () => done(both.find((member) => raftOf(member).holdsLease)))));
  for (const other of both) if (other !== leader) other.loop.receive({ kind: 'stop' });
  // As SIGSTOP does.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  expect(raftOf(leader).holdsLease).toBe(true);
  leader.loop.receive({ kind: 'read', id: 7 });
  await until('it is answered', () => toldOf(leader.told, 'readable').length > 0);
  expect(toldOf(leader.told, 'readable')).toEqual([{ kind: 'readable', id: 7, index: null }]);
});

test('what is committed is handed on before the next write, which may take long', async () => {
  const { loop, told } = await started(setupOf('a', { electionTicks: 10_000, found: { voters: ['a', 'b'], outgoing: [], learners: [] } }));
  const entry = (index: number): Entry => ({ kind: 'noop', index, term: 5 });
  arrive(loop, { kind: 'append', from: 'b', to: 'a', term: 5, prevIndex: 0, prevTerm: 0, entries: [entry(1)], commit: 0 });
  await until('the first is written', () => (Reflect.get(loop, 'raft') as Raft).status().lastIndex === 1);
  const toldBeforeWrite: string[] = [];
  RaftStore.prototype.write = function write(this: RaftStore, what): void {
    toldBeforeWrite.push(...toldOf(told, 'apply').flatMap(({ entries }) => entries.map(({ index }) => `${index} before ${what.entries[0]?.index ?? 0}`)));
    storeWrite.call(this, what);
  };
  arrive(loop, { kind: 'append', from: 'b', to: 'a', term: 5, prevIndex: 1, prevTerm: 5, entries: [entry(2)], commit: 1 });
  await until('the second is written', () => (Reflect.get(loop, 'raft') as Raft).status().appliedIndex === 1);
  expect(toldBeforeWrite).toEqual(['1 before 2']);
});

test('a snapshot that arrives is not counted as entries that lie about unapplied', async () => {
  const { loop, told } = await started(setupOf('a', { electionTicks: 10_000, unappliedMax: 20, found: null }));
  const config = { voters: ['b'], outgoing: [], learners: ['a'] };
  // The checksum of nothing.
  arrive(loop, { kind: 'snapshot', from: 'b', to: 'a', term: 5, index: 1000, indexTerm: 4, config, offset: 0, chunk: new Uint8Array(0), totalBytes: 0, checksum: 0x811c9dc5 });
  await until('it is restored', () => toldOf(told, 'restore').length > 0);
  arrive(loop, { kind: 'append', from: 'b', to: 'a', term: 5, prevIndex: 1000, prevTerm: 4, entries: [{ kind: 'noop', index: 1001, term: 5 }], commit: 1001 });
  await until('the next entry is handed on', () => toldOf(told, 'apply').flatMap(({ entries }) => entries).some(({ index }) => index === 1001));
  expect(toldOf(told, 'failed')).toEqual([]);
});

test('a large snapshot of our own is written between the turns: commits go on, and it counts when all of it is there', async () => {
  const { loop, told } = await leading(setupOf('a'));
  const order: string[] = [];
  RaftStore.prototype.stage = function stage(this: RaftStore, index, part, bytes): void {
    order.push('part');
    storeStage.call(this, index, part, bytes);
    // Comes to the next turn at the earliest; the next part as well.
    loop.receive({ kind: 'propose', id: 100 + part, data: data('x') });
  };
  RaftStore.prototype.write = function write(this: RaftStore, what): void {
    if (what.entries.length > 0) order.push('commit');
    storeWrite.call(this, what);
  };
  const applied = toldOf(told, 'apply').at(-1)?.entries.at(-1)?.index ?? 0;
  const state = new Uint8Array(5 * PART_BYTES).map((_, at) => at % 253);
  loop.receive({ kind: 'compact', id: 7, index: applied, data: state });
  await until('it is saved', () => toldOf(told, 'compacted').some(({ id }) => id === 7));
  expect(order.join(' ')).toMatch(/^part( commit part){3}/);
  loop.receive({ kind: 'stop' });
  const store = RaftStore.openExisting(setupOf('a').storePath);
  const { snapshot } = store.restore();
  expect(snapshot?.index).toBe(applied);
  // As jest compares it, byte by byte, it takes seconds.
  expect(Buffer.compare(snapshot?.data ?? new Uint8Array(0), state)).toBe(0);
  store.close();
});

test('a large snapshot that comes from a leader is written as it comes, and once', async () => {
  const { loop, told } = await started(setupOf('a', { electionTicks: 10_000, found: null }));
  const parts: number[] = [];
  RaftStore.prototype.stage = function stage(this: RaftStore, index, part, bytes): void {
    parts.push(part);
    storeStage.call(this, index, part, bytes);
  };
  const state = new Uint8Array(2 * PART_BYTES + 10).map((_, at) => at % 253);
  const config = { voters: ['b'], outgoing: [], learners: ['a'] };
  // FNV-1a, as its leader would have it.
  const checksum = state.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;
  for (let offset = 0; offset < state.byteLength; offset += PART_BYTES) {
    arrive(loop, { kind: 'snapshot', from: 'b', to: 'a', term: 5, index: 1000, indexTerm: 4, config, offset, chunk: state.slice(offset, offset + PART_BYTES), totalBytes: state.byteLength, checksum });
  }
  await until('it is restored', () => toldOf(told, 'restore')[0]?.data.byteLength === state.byteLength);
  // The last one is all of it, and is written with what makes it count.
  expect(parts).toEqual([1]);
  loop.receive({ kind: 'stop' });
  const store = RaftStore.openExisting(setupOf('a').storePath);
  const { snapshot } = store.restore();
  expect(snapshot?.index).toBe(1000);
  // As jest compares it, byte by byte, it takes seconds.
  expect(Buffer.compare(snapshot?.data ?? new Uint8Array(0), state)).toBe(0);
  store.close();
});

test('what earlier lives have left of snapshots that never were, and what one that came from a leader makes useless, does not stay on the disk', async () => {
  const setup = setupOf('a', { electionTicks: 10_000, found: null });
  const before = RaftStore.open(setup.storePath);
  before.stage(500, 1, new Uint8Array(PART_BYTES));
  before.close();
  const left: number[] = [];
  const storeSweep = Reflect.get(RaftStore.prototype, 'sweep') as (this: RaftStore) => boolean;
  RaftStore.prototype.sweep = function sweep(this: RaftStore): boolean {
    const isMore = storeSweep.call(this);
    const database = Reflect.get(this, 'database') as DatabaseSync;
    if (!isMore) left.push(Number(database.prepare('SELECT (SELECT count(*) FROM snapshot_parts) + (SELECT count(*) FROM entries) AS n').get()?.['n']));
    return isMore;
  };
  try {
    const { loop } = await started(setup);
    await until('it has swept', () => left.length === 1);
    arrive(loop, { kind: 'append', from: 'b', to: 'a', term: 5, prevIndex: 0, prevTerm: 0, entries: [{ kind: 'noop', index: 1, term: 5 }], commit: 0 });
    const config = { voters: ['b'], outgoing: [], learners: ['a'] };
    // The checksum of nothing.
    arrive(loop, { kind: 'snapshot', from: 'b', to: 'a', term: 5, index: 1000, indexTerm: 4, config, offset: 0, chunk: new Uint8Array(0), totalBytes: 0, checksum: 0x811c9dc5 });
    await until('it has swept again', () => left.length === 2);
    expect(left).toEqual([0, 0]);
  } finally {
    RaftStore.prototype.sweep = storeSweep;
  }
});

test('a main thread that stands still ends the loop before memory runs out', async () => {
  const { loop, told } = await leading(setupOf('a', { unappliedMax: 20 }));
  for (let id = 1; id <= 30; id++) loop.receive({ kind: 'propose', id, data: data('x') });
  await until('it has ended', () => toldOf(told, 'failed')[0]?.text.endsWith('it stands still'));
});

test('a store with more entries than may lie about unapplied is started from all the same', async () => {
  const setup = setupOf('a', { unappliedMax: 20 });
  const store = RaftStore.open(setup.storePath);
  const count = 30;
  const entries = Array.from({ length: count }, (_, position): Entry => ({ kind: 'noop', index: position + 1, term: 1 }));
  store.found('one', { ...founded({ voters: ['a'], outgoing: [], learners: [] }), hard: { term: 1, votedFor: 'a', commit: count }, entries });
  store.close();
  const { told } = await leading(setup);
  await until('all are handed on', () => toldOf(told, 'apply').at(-1)?.entries.at(-1)?.index === count + 1);
  expect(toldOf(told, 'failed')).toEqual([]);
});
