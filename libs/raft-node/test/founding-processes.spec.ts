/** Processes that are killed while they found their group, again and again: they come to one group, with all that was committed in it. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RaftStatus } from '@muster/contracts';
import { freePort, until } from '@muster/testing';

/** Ten processes are started one after the other, and the machine may be busy. */
const TEST_MS_MAX = 300_000;
const PATIENCE_MS = 60_000;
const MEMBER = fileURLToPath(new URL('../testing/group-member.mjs', import.meta.url));

interface Member {
  readonly child: ChildProcess;
  httpUrl: string | null;
  status: RaftStatus | null;
  texts: number;
}

let folder = '';
const members = new Map<string, Member>();
/** Every group that anybody ever said it belongs to. */
const clusterIds = new Set<string>();
const committed: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-founding-'));
  clusterIds.clear();
  committed.splice(0);
});
afterEach(async () => {
  await Promise.all([...members.keys()].map(kill));
  rmSync(folder, { recursive: true, force: true });
});

type Said = { readonly httpUrl?: string; readonly status?: RaftStatus; readonly texts?: number; readonly committed?: string };

async function start(nodeId: string): Promise<void> {
  const setup = { nodeId, storePath: join(folder, nodeId, 'raft.db'), expect: 3, secret: folder, port: await freePort() };
  const child = fork(MEMBER, [JSON.stringify(setup)], { env: { ...process.env, NODE_NO_WARNINGS: '1', NODE_OPTIONS: '' }, execArgv: [] });
  const member: Member = { child, httpUrl: null, status: null, texts: 0 };
  members.set(nodeId, member);
  child.on('message', (said: Said) => {
    member.httpUrl = said.httpUrl ?? member.httpUrl;
    member.status = said.status ?? member.status;
    member.texts = said.texts ?? member.texts;
    if (said.committed !== undefined) committed.push(said.committed);
    if (typeof member.status?.clusterId === 'string') clusterIds.add(member.status.clusterId);
  });
  await until(`${nodeId} runs`, () => member.httpUrl !== null || child.exitCode !== null, PATIENCE_MS);
  if (child.exitCode !== null) throw new Error(`${nodeId} ended with ${child.exitCode}`);
  const addresses = [...members.values()].flatMap(({ httpUrl }) => httpUrl ?? []);
  for (const { child: each } of members.values()) each.send({ addresses });
}

async function kill(nodeId: string): Promise<void> {
  const { child } = members.get(nodeId) ?? {};
  members.delete(nodeId);
  if (child === undefined) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await ended;
}

const isFormed = (): boolean => [...members.values()].some(({ status }) => typeof status?.clusterId === 'string');

test('killed at any step of the founding, three come to one group and commit in it', async () => {
  await Promise.all(['a', 'b', 'c'].map(start));
  // Each is killed as soon as anybody belongs to a group: the others may have promised, or founded, or neither.
  await until('somebody has founded', isFormed, PATIENCE_MS);
  for (const nodeId of ['c', 'a', 'b']) {
    await kill(nodeId);
    await start(nodeId);
  }
  await until('all belong', () => [...members.values()].every(({ status }) => status?.hasQuorum === true && status.peers.length === 3), PATIENCE_MS);
  await until('it commits', () => {
    for (const { child, status } of members.values()) if (status?.state === 'leader') child.send({ propose: 'x' });
    return committed.length > 0;
  }, PATIENCE_MS);
  await until('all apply it', () => [...members.values()].every(({ texts }) => texts > 0), PATIENCE_MS);
  expect(clusterIds.size).toBe(1);
}, TEST_MS_MAX);

test('killed again and again before anybody belongs to a group, they still come to one, and never to two', async () => {
  for (let round = 0; round < 2; round++) {
    await Promise.all(['a', 'b', 'c'].map(start));
    await until('they see each other, or more', () => isFormed() || [...members.values()].some(({ status }) => status?.detail.includes('are to found the group') === true), PATIENCE_MS);
    await Promise.all(['a', 'b', 'c'].slice(0, round + 1).map(kill));
    for (const nodeId of members.keys()) await kill(nodeId);
  }
  await Promise.all(['a', 'b', 'c', 'd'].map(start));
  await until('all belong', () => [...members.values()].every(({ status }) => status?.hasQuorum === true && status.peers.length === 4), PATIENCE_MS);
  expect(clusterIds.size).toBe(1);
}, TEST_MS_MAX);
