/** A member as the main thread uses it: answers with deadlines, snapshots by itself, an end in words. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { eventually } from '../../testing/eventually.js';
import { type NodeOptions, RaftNode, type StateMachine } from './raft-node.js';

let folder = '';
const nodes: RaftNode[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'muster-node-'))));
afterEach(async () => {
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

async function leading(...args: Parameters<typeof start>): Promise<RaftNode> {
  const node = await start(...args);
  await eventually('it leads', () => node.role.role === 'leader');
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
  const { snapshotIndex } = await eventually('a snapshot is made', async () => {
    const status = await node.status();
    return status.snapshotIndex > 0 ? status : null;
  });
  expect(snapshotIndex).toBeGreaterThanOrEqual(5);
  await node.stop();
  const machine = new Texts();
  await (await leading({}, machine)).read();
  expect(machine.texts).toEqual(['1', '2', '3', '4', '5', '6', '7']);
});

test('a snapshot is made on request', async () => {
  const node = await leading();
  const { index } = await node.propose(data('x'));
  await node.compact();
  expect((await node.status()).snapshotIndex).toBe(index);
});

test('without a majority nothing is committed nor read, and both are said in time', async () => {
  const node = await start({}, new Texts(), ['a', 'b']);
  await expect(node.propose(data('x'), 300)).rejects.toMatchObject({ name: 'RaftUnavailable', code: 'not-leader', leaderId: null });
  await expect(node.read(300)).rejects.toMatchObject({ code: 'unknown', message: expect.stringContaining('is a majority of the members running?') });
});

test('a change of the members is committed like any entry, and an illegal one refused in words', async () => {
  const node = await leading();
  expect(await node.changeConfig({ addLearners: ['l'] })).toMatchObject({ index: expect.any(Number) });
  expect((await node.status()).config.learners).toEqual(['l']);
  await expect(node.changeConfig({ remove: ['z'] })).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining("'z' is no member") });
  await expect(node.transfer('l')).rejects.toMatchObject({ code: 'refused' });
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
