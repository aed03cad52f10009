/** `muster raft recover` and `snapshot inspect` on real stores, as coordinators leave them behind. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foundingState, inspectStore, RaftStore } from '@muster/raft-node';
import { runMuster } from '../../testing/run-muster.js';
import { EXIT } from '../exit-codes.js';

const CLUSTER = '11111111-1111-4111-8111-111111111111';
let cwd = '';
let path = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'muster-recover-'));
  mkdirSync(join(cwd, 'data', 'c1'), { recursive: true });
  path = join(cwd, 'data', 'c1', 'raft.sqlite');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

/** What c1 of three holds: two entries, of which one is known to be committed. */
function left(): void {
  const store = RaftStore.open(path);
  const member = (nodeId: string, storeId: string) => ({ nodeId, storeId, httpUrl: `http://${nodeId}:8081`, raftUrl: `raft://${nodeId}:7081` });
  store.found(CLUSTER, foundingState([member('c1', store.identity.storeId), member('c2', 'store 2'), member('c3', 'store 3')]));
  store.write({ hard: { term: 4, votedFor: 'c2', commit: 2 }, snapshot: null, entries: [{ kind: 'noop', index: 2, term: 3 }, { kind: 'noop', index: 3, term: 4 }] });
  store.close();
}

const recover = (...args: string[]) => runMuster({ cwd }, 'raft', 'recover', '--data-dir', 'data', '--node-id', 'c1', ...args);

test('a dry run says what the store holds, who is dropped and what may be lost, and changes nothing', async () => {
  left();
  const before = inspectStore(path);
  const { code, out } = await recover('--dry-run');
  expect(code).toBe(EXIT.ok);
  for (const says of [/^c1 as the only member of a new group\n/, /log\s+2 entries, 2 to 3 \(last of term 4\), \d+ B; known to be committed: up to 2\n/, /term\s+4, vote given to c2\n/, /voters\s+c1, c2, c3\n/, /\n {11}c2 {2}http:\/\/c2:8081 {2}raft:\/\/c2:7081\n/, /drops\s+c2, c3\n/, /!\s+make sure that c2, c3 never run again/, /This was a dry run: nothing was changed\.\n$/]) expect(out).toMatch(says);
  expect(inspectStore(path)).toEqual(before);
  expect(readdirSync(join(cwd, 'data', 'c1')).filter((name) => name.includes('before'))).toEqual([]);
});

test('recovery leaves one voter in a new group, a copy of the store as it was, and says what is next', async () => {
  left();
  const { code, out } = await recover('--yes');
  expect([code, out]).toEqual([EXIT.ok, expect.stringMatching(/Done: c1 is a group of its own[^]*empty the data folders of c2 and c3 and start them/)]);
  const after = inspectStore(path);
  expect([after.config.voters, after.clusterId === CLUSTER]).toEqual([['c1'], false]);
  const backup = /as it was: (.*)/.exec(out)?.[1] ?? '';
  expect(existsSync(backup)).toBe(true);
  expect(out).toContain(`${after.clusterId}`);
});

test('the group id that is announced by --json is the one that is written', async () => {
  left();
  const { newClusterId, dropsMembers } = JSON.parse((await recover('--yes', '--json')).out) as { newClusterId: string; dropsMembers: string[] };
  expect([inspectStore(path).clusterId, dropsMembers]).toEqual([newClusterId, ['c2', 'c3']]);
});

test('nobody is made a group of its own without a yes', async () => {
  left();
  expect(await recover()).toMatchObject({ code: EXIT.usage, err: expect.stringMatching(/cannot be taken back.*--yes/) });
  const refused = await runMuster({ cwd, ask: () => Promise.resolve('no') }, 'raft', 'recover', '--data-dir', 'data', '--node-id', 'c1');
  expect(refused).toMatchObject({ code: EXIT.failed, err: 'muster: nothing was changed\n' });
  expect(inspectStore(path).clusterId).toBe(CLUSTER);
});

test('the folder of the node itself is taken as well', async () => {
  left();
  expect(await runMuster({ cwd }, 'raft', 'recover', '--data-dir', 'data/c1', '--node-id', 'c1', '--dry-run')).toMatchObject({ code: EXIT.ok });
});

test('a folder without a store, and a store in use, are named with what to do', async () => {
  expect(await recover('--dry-run')).toMatchObject({ code: EXIT.usage, err: expect.stringMatching(/there is no Raft store of c1 in data .*raft\.sqlite/) });
  left();
  const running = RaftStore.open(path);
  expect(await recover('--dry-run')).toMatchObject({ code: EXIT.failed, err: expect.stringMatching(/another process is using it.*If its coordinator runs, stop it first/) });
  running.close();
  expect(await runMuster({ cwd }, 'raft', 'recover', '--data-dir', 'data/c1', '--node-id', 'c2', '--dry-run')).toMatchObject({ code: EXIT.failed, err: expect.stringMatching(/belongs to 'c1', not to 'c2'/) });
});

test('inspect tells a store from a saved state by what is in the file', async () => {
  left();
  const { code, out } = await runMuster({ cwd }, 'raft', 'snapshot', 'inspect', 'data/c1/raft.sqlite');
  expect([code, out]).toEqual([EXIT.ok, expect.stringMatching(/^Raft store .*raft\.sqlite\n[^]*of group 11111111-[^]*snapshot\s+at index 1, term 1/)]);
  expect(JSON.parse((await runMuster({ cwd }, 'raft', 'snapshot', 'inspect', 'data/c1/raft.sqlite', '--json')).out)).toMatchObject({ clusterId: CLUSTER, lastIndex: 3, damage: null });
});
