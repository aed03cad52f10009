/** A member as the main thread uses it: answers with deadlines, snapshots by itself, an end in words. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { until } from '@muster/testing';
import type { ToLoop } from './messages.js';
import { type NodeOptions, RaftNode, type StateMachine } from './raft-node.js';
import type { ReadsToApply } from './reads-to-apply.js';

let folder = '';
const nodes: RaftNode[] = [];
/** What a test changed is put back before the nodes are stopped. */
const after: (() => unknown)[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'muster-node-'))));
afterEach(async () => {
  for (const putBack of after.splice(0)) putBack();
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
  rmSync(folder, { recursive: true, force: true });
});

/** Keeps texts. `bad` is not to be applied. */
class Texts implements StateMachine {
  texts: string[] = [];

  apply(data: Uint8Array): number {
    const text = new TextDecoder().decode(data);
    if (text === 'bad') throw new Error('it is bad');
    return this.texts.push(text);
  }

  snapshot(): Uint8Array {
    return data(JSON.stringify(this.texts));
  }

  restore(bytes: Uint8Array): void {
    this.texts = JSON.parse(new TextDecoder().decode(bytes)) as string[];
  }
}

const data = (text: string): Uint8Array => new TextEncoder().encode(text);

async function start(more: Partial<NodeOptions> = {}, machine = new Texts(), voters = ['a']): Promise<RaftNode> {
  const found = { voters, outgoing: [], learners: [] };
  const node = await RaftNode.start({ nodeId: 'a', clusterId: 'one', secret: 's', storePath: join(folder, 'raft.db'), host: '127.0.0.1', port: 0, peers: { peers: [], removedStoreIds: [] }, found, onFailed: () => {}, ...more }, machine);
  nodes.push(node);
  return node;
}

/** What the main thread says to the loop from now on; `isHeard` there or not. */
function spyOnPosts(node: RaftNode, isHeard = true): ToLoop[] {
  const said: ToLoop[] = [];
  const send = Reflect.get(node, 'send') as (message: ToLoop) => void;
  Reflect.set(node, 'send', (message: ToLoop) => {
    said.push(message);
    if (isHeard) send.call(node, message);
  });
  after.push(() => Reflect.deleteProperty(node, 'send'));
  return said;
}

async function leading(...args: Parameters<typeof start>): Promise<RaftNode> {
  const node = await start(...args);
  await until('it leads', () => node.role.role === 'leader');
  return node;
}

test('a proposal resolves with what the state machine said, a read after all before it is applied', async () => {
  const machine = new Texts();
  const node = await leading({}, machine);
  const [one, two] = await Promise.all([node.propose(data('x')), node.propose(data('y'))]);
  expect([one.result, two.result]).toEqual([1, 2]);
  expect(two.index).toBe(one.index + 1);
  expect(await node.read()).toBeGreaterThanOrEqual(two.index);
  expect(machine.texts).toEqual(['x', 'y']);
});

test('snapshots are made by themselves, and what was applied is there after a restart', async () => {
  const node = await leading({ snapshotEntries: 5 });
  for (const text of ['1', '2', '3', '4', '5', '6', '7']) await node.propose(data(text));
  const { snapshotIndex } = await until('a snapshot is made', async () => {
    const status = await node.status();
    return status.snapshotIndex > 0 ? status : null;
  });
  expect(snapshotIndex).toBeGreaterThanOrEqual(5);
  await node.stop();
  const machine = new Texts();
  await (await leading({}, machine)).read();
  expect(machine.texts).toEqual(['1', '2', '3', '4', '5', '6', '7']);
});

test('a few large entries are reason enough for a snapshot: they lie in memory until there is one', async () => {
  const node = await leading({ snapshotBytes: 3000 });
  for (const text of ['1', '2']) await node.propose(data(text.repeat(1400)));
  expect((await node.status()).snapshotIndex).toBe(0);
  const { index } = await node.propose(data('3'.repeat(1400)));
  await until('a snapshot is made', async () => (await node.status()).snapshotIndex === index);
});

test('a snapshot is made on request', async () => {
  const node = await leading();
  const { index } = await node.propose(data('x'));
  await node.compact();
  expect((await node.status()).snapshotIndex).toBe(index);
});

test('without a majority nothing is committed nor read, and both are said in time', async () => {
  const node = await start({}, new Texts(), ['a', 'b']);
  // It is said at once; the time is for a machine that stands still.
  await expect(node.propose(data('x'), 20_000)).rejects.toMatchObject({ name: 'RaftUnavailable', code: 'not-leader', leaderId: null });
  await expect(node.read(300)).rejects.toMatchObject({ code: 'unknown', message: expect.stringContaining('is a majority of the members running?') });
});

test('a change of the members is committed like any entry, and an illegal one refused in words', async () => {
  const node = await leading();
  expect(await node.changeConfig({ addLearners: ['l'] })).toMatchObject({ index: expect.any(Number) });
  expect((await node.status()).config.learners).toEqual(['l']);
  await expect(node.changeConfig({ remove: ['z'] })).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining("'z' is no member") });
  await expect(node.transfer('l')).rejects.toMatchObject({ code: 'refused' });
});

test('each attempt at a read is another question: an answer to an earlier one says nothing about now', async () => {
  const node = await start({}, new Texts(), ['a', 'b']);
  const asked = spyOnPosts(node);
  // Nobody leads: the loop says so each time.
  const read = node.read(60_000);
  const ids = await until('it asked three times', () => {
    const reads = asked.flatMap((message) => (message.kind === 'read' ? [message.id] : []));
    return reads.length >= 3 ? reads : null;
  });
  expect(new Set(ids).size).toBe(ids.length);
  await Promise.allSettled([read, node.stop()]);
});

test('a read that waited in vain to be applied is not kept', async () => {
  const node = await leading();
  const asked = spyOnPosts(node, false);
  const read = node.read(100);
  const toApply = Reflect.get(node, 'toApply') as ReadsToApply;
  // As if the group were far ahead of us; the loop, which is not asked, answers nothing.
  const id = asked.flatMap((message) => (message.kind === 'read' ? [message.id] : [])).at(0) ?? 0;
  (Reflect.get(node, 'readable') as (id: number, index: number) => void).call(node, id, 1_000_000);
  expect(toApply.size).toBe(1);
  await expect(read).rejects.toMatchObject({ code: 'unknown' });
  expect(toApply.size).toBe(0);
});

test('what is proposed together goes to the loop as one message, and a view takes along nothing but itself', async () => {
  const node = await leading();
  const worker = Reflect.get(node, 'worker') as Worker;
  const posts: (readonly ToLoop[])[] = [];
  const post = worker.postMessage.bind(worker);
  worker.postMessage = (messages: readonly ToLoop[]) => {
    posts.push(messages);
    post(messages);
  };
  const large = new Uint8Array(10_000);
  await Promise.all([node.propose(large.subarray(5, 8)), node.propose(large.subarray(8, 9))]);
  expect(posts).toHaveLength(1);
  expect(posts[0]?.flatMap((message) => (message.kind === 'propose' ? [message.data.buffer.byteLength] : []))).toEqual([3, 1]);
});

test('a thread that ends before it has started is an error, not a wait without end', async () => {
  const failures: string[] = [];
  const on = Reflect.get(Worker.prototype, 'on') as (...args: readonly unknown[]) => unknown;
  after.push(() => Reflect.set(Worker.prototype, 'on', on));
  Reflect.set(Worker.prototype, 'on', function onAndEnd(this: Worker, ...args: readonly unknown[]): unknown {
    if (args[0] === 'exit') {
      Reflect.set(Worker.prototype, 'on', on);
      void this.terminate();
    }
    return on.call(this, ...args);
  });
  await expect(start({ onFailed: (text) => failures.push(text) })).rejects.toThrow('its thread ended');
  expect(failures).toEqual([]);
});

test('a state machine that throws ends the member: it would differ from the others', async () => {
  const failures: string[] = [];
  const node = await leading({ onFailed: (text) => failures.push(text) });
  await expect(node.propose(data('bad'))).rejects.toMatchObject({ code: 'unknown', message: expect.stringContaining('it is bad') });
  expect(failures).toEqual(['the state machine failed: it is bad']);
  await expect(node.propose(data('x'))).rejects.toMatchObject({ code: 'unknown' });
});

test('on a damaged store it does not start, and says what to do', async () => {
  await (await leading()).stop();
  const raw = new DatabaseSync(join(folder, 'raft.db'));
  raw.exec('UPDATE hard SET term = 77');
  raw.close();
  await expect(start()).rejects.toThrow('is damaged (term and vote)');
});

test('whoever waits when it is stopped is told that the outcome is unknown', async () => {
  const node = await start({}, new Texts(), ['a', 'b']);
  const [read] = await Promise.allSettled([node.read(10_000), node.stop()]);
  expect(read).toMatchObject({ status: 'rejected', reason: { code: 'unknown', message: expect.stringContaining('it was stopped') } });
});
