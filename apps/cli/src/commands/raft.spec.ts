/** `muster raft` as it is typed, against coordinators that answer over HTTP. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeRaft } from '../../testing/fake-raft.js';
import { runMuster } from '../../testing/run-muster.js';
import { EXIT } from '../exit-codes.js';
import { secretOf } from '../local-cluster/cluster-secret.js';

let cwd = '';
let raft: FakeRaft;
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'muster-raft-'));
  raft = await FakeRaft.start();
});
afterEach(async () => {
  await raft.stop();
  rmSync(cwd, { recursive: true, force: true });
});

const SECRET = 'the secret of it';
const muster = (...args: string[]) => runMuster({ cwd, env: { MUSTER_CLUSTER_SECRET: SECRET } }, 'raft', ...args, '--url', raft.urls[1] ?? '');

describe('status', () => {
  test('asks everybody, whoever was named, and shows who leads, who is behind and who may fail', async () => {
    const { code, out } = await muster('status');
    expect(code).toBe(EXIT.ok);
    expect(out.split('\n').map((line) => line.trim().split(/\s{2,}/))).toEqual([
      ['Raft group of muster', 'healthy'],
      ['leader', 'c1, term 7'],
      ['log', 'committed up to 100, last entry 100, snapshot at 60'],
      ['voters', '3: 2 have to agree, 1 may fail'],
      ['id', 'f0000000-0000-4000-8000-000000000000'],
      [''],
      ['COORDINATOR', 'STATE', 'VOTE', 'TERM', 'APPLIED', 'BEHIND', 'SILENT', 'RTT', 'ADDRESS'],
      ['c1', 'leader', 'yes', '7', '100', '–', '–', '–', raft.urls[0]],
      ['c2', 'follower', 'yes', '7', '100', '0', '0.0 s', '0.4 ms', raft.urls[1]],
      ['c3', 'follower', 'yes', '7', '100', '0', '0.0 s', '0.4 ms', raft.urls[2]],
      [''],
    ]);
  });

  test('of a group with one coordinator away says so, and that no other may fail', async () => {
    await raft.end('c3');
    const { code, out } = await muster('status');
    expect([code, out]).toEqual([EXIT.unhealthy, expect.stringMatching(/needs attention[^]*!\s+c3 does not answer: no other may fail now[^]*c3\s+no answer/)]);
  });

  test('of a group without a leader says how many voters are missing', async () => {
    raft.says.set('c1', { state: 'candidate', leaderId: null, hasQuorum: false });
    await raft.end('c3');
    const { code, out } = await muster('status');
    expect([code, out]).toEqual([EXIT.unhealthy, expect.stringMatching(/cannot agree on anything\n\s+leader\s+none[^]*nobody leads: 2 of 3 voters answer, 2 are needed/)]);
  });

  test('believes the leader of the latest term where two claim to lead', async () => {
    raft.says.set('c2', { state: 'leader', term: 8, leaderId: 'c2' });
    expect(JSON.parse((await muster('status', '--json')).out)).toMatchObject({ leaderId: 'c2', term: 8 });
  });

  test('tells of groups that know nothing of each other, though only one of them was named', async () => {
    const [alone] = raft.status('c2').peers.filter(({ nodeId }) => nodeId === 'c2');
    raft.says.set('c2', { clusterId: 'e0000000-0000-4000-8000-000000000000', state: 'leader', term: 2, leaderId: 'c2', peers: alone === undefined ? [] : [alone] });
    const { code, out } = await muster('status', '--json');
    expect(code).toBe(EXIT.unhealthy);
    expect((JSON.parse(out) as { troubles: string[] }).troubles[0]).toMatch(/^there are 2 groups: c1, c3 in f0000000-\S+, and c2 in e0000000-\S+: .*cluster\.coordinators and raft\.expect/);
  });

  test.each<[string, Parameters<FakeRaft['says']['set']>, RegExp]>([
    ['that waits to be formed says for whom', ['c2', { state: 'forming', detail: 'sees 1 of 3 coordinators', peers: [], clusterId: null, leaderId: null, term: 99 }], /no group yet: c2 is forming \(sees 1 of 3 coordinators\)/],
    ['whose leader is cut off says so', ['c1', { hasQuorum: false }], /'c1' takes itself for the leader and is out of touch/],
  ])('of a group %s', async (_, [nodeId, says], expected) => {
    raft.says.set(nodeId, says);
    if (says.state === 'forming') await Promise.all([raft.end('c1'), raft.end('c3')]);
    expect(await muster('status')).toMatchObject({ code: EXIT.unhealthy, out: expect.stringMatching(expected) });
  });

  test('tells members without a vote and members that lag', async () => {
    const { peers } = raft.status('c1');
    raft.says.set('c1', { peers: peers.map((peer) => ({ ...peer, voter: peer.nodeId !== 'c3', matchIndex: peer.nodeId === 'c2' ? 0 : 100 })), lastIndex: 5000 });
    expect(JSON.parse((await muster('status', '--json')).out)).toMatchObject({ troubles: ['c3 has no vote yet: it is catching up', 'c2 is 5000 entries behind', 'c3 is 4900 entries behind'] });
  });

  test('that nobody answers ends with 3 and all addresses', async () => {
    await raft.stop();
    expect(await muster('status')).toMatchObject({ code: EXIT.noCluster, err: expect.stringMatching(/no coordinator answers\.\n {2}http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/) });
  });
});

test('peers list shows addresses and stores', async () => {
  const { code, out } = await muster('peers', 'list');
  expect([code, out.split('\n')[1]?.split(/\s+/)]).toEqual([EXIT.ok, ['c1', 'yes', raft.urls[0], 'raft://127.0.0.1:7080', '10000000-0000-4000-8000-000000000000']]);
});

const changes: ReadonlyArray<{ args: () => string[]; method: string; path: string; body?: object; says: RegExp }> = [
  { args: () => ['peers', 'add', raft.urls[2] ?? ''], method: 'POST', path: '/raft/peers', body: { cluster: 'muster', nodeId: 'c3', raftUrl: 'raft://127.0.0.1:7081' }, says: /^c3 \(http.*\) belongs to the group[^]*Members now: c1, c2, c3/ },
  { args: () => ['peers', 'remove', 'c3', '--yes'], method: 'DELETE', path: '/raft/peers/c3', says: /^c3 is removed\. To bring it back, empty its data folder[^]*Members now: c1, c2\n$/ },
  { args: () => ['peers', 'replace', 'c2', raft.urls[2] ?? '', '--yes'], method: 'POST', path: '/raft/peers/c2/replace', body: { nodeId: 'c3' }, says: /^c3 takes the place of c2[^]*Members now: c1, c3\n$/ },
];

describe.each(changes)('$method $path', ({ args, method, path, body, says }) => {
  test('is sent with the secret, and told in a sentence', async () => {
    const { code, out } = await muster(...args());
    expect([code, out]).toEqual([EXIT.ok, expect.stringMatching(says)]);
    expect(raft.changes).toMatchObject([{ by: 'c2', method, path, token: `Bearer ${SECRET}`, ...(body === undefined ? {} : { body }) }]);
  });

  test('that is refused ends with 1 and the words of the coordinator', async () => {
    raft.answer = () => [409, { statusCode: 409, code: 'RAFT_REFUSED', message: 'the group refuses that: c3 has never been seen' }];
    expect(await muster(...args())).toMatchObject({ code: EXIT.failed, err: 'muster: the group refuses that: c3 has never been seen\n' });
  });
});

test('a coordinator that is named and not there is a mistake of usage', async () => {
  raft.answer = () => [404, { statusCode: 404, code: 'PEER_UNKNOWN', message: "no coordinator of the group is named 'c9'" }];
  expect(await muster('peers', 'remove', 'c9', '--yes')).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("named 'c9'") });
});

test('an address at which no coordinator answers is not added', async () => {
  const gone = raft.urls[2] ?? '';
  await raft.end('c3');
  expect(await muster('peers', 'add', gone)).toMatchObject({ code: EXIT.noCluster, err: expect.stringMatching(/does not say who it is: connect ECONNREFUSED.*start it first/) });
  expect(raft.changes).toEqual([]);
});

test.each([['remove', 'c3'], ['replace', 'c3', 'http://127.0.0.1:1']])('peers %s asks first, and does nothing without a yes', async (...args) => {
  const given = args.map((arg) => (arg === 'http://127.0.0.1:1' ? (raft.urls[0] ?? '') : arg));
  expect(await muster('peers', ...given)).toMatchObject({ code: EXIT.usage, err: expect.stringMatching(/nobody can be asked here: say --yes/) });
  const questions: string[] = [];
  const ask = (question: string): Promise<string> => Promise.resolve(questions.push(question) === 1 ? 'n' : 'y');
  const asked = () => runMuster({ cwd, ask }, 'raft', 'peers', ...given, '--url', raft.urls[1] ?? '');
  expect(await asked()).toMatchObject({ code: EXIT.failed, err: 'muster: c3 was left as it is\n' });
  expect([raft.changes, questions]).toEqual([[], [expect.stringContaining('can never be used')]]);
  expect(await asked()).toMatchObject({ code: EXIT.ok });
});

describe('transfer', () => {
  test.each([[[], {}], [['--to', 'c3'], { to: 'c3' }], [['c3'], { to: 'c3' }]])('with %j asks for %j and says who leads and how long it took', async (args, body) => {
    raft.answer = () => [200, { from: 'c1', leaderId: 'c3', tookMs: 41 }];
    expect(await muster('transfer', ...args)).toMatchObject({ code: EXIT.ok, out: 'c3 leads; c1 handed over in 41 ms.\n' });
    expect(raft.changes).toMatchObject([{ path: '/raft/transfer', body }]);
  });
});

describe('the secret', () => {
  const tokenOf = async (env: Record<string, string>, ...args: string[]) => {
    const { code, err } = await runMuster({ cwd, env }, 'raft', 'transfer', '--url', raft.urls[0] ?? '', ...args);
    return err === '' ? raft.changes.at(-1)?.token : { code, err };
  };

  test('is that of the file, else of the environment, else of the local cluster, else none', async () => {
    expect(await tokenOf({})).toBeUndefined();
    const local = secretOf(join(cwd, '.muster'));
    writeFileSync(join(cwd, 'a-file'), 'from a file\n');
    expect(await tokenOf({})).toBe(`Bearer ${local}`);
    expect(await tokenOf({ MUSTER_CLUSTER_SECRET: 'from the environment' })).toBe('Bearer from the environment');
    expect(await tokenOf({ MUSTER_CLUSTER_SECRET: 'from the environment' }, '--secret-file', 'a-file')).toBe('Bearer from a file');
  });

  test('that cannot be read is named', async () => expect(await tokenOf({}, '--secret-file', 'nowhere')).toEqual({ code: EXIT.usage, err: expect.stringMatching(/--secret-file nowhere cannot be read: ENOENT/) }));
});

describe('snapshots', () => {
  const state = { v: 2, index: 90, members: [{ record: { nodeId: 'a', status: 'HEALTHY' } }, { record: { nodeId: 'b', status: 'DOWN' } }, { record: { nodeId: 'c', status: 'HEALTHY' } }] };
  const saved = { format: 'muster-snapshot', v: 1, cluster: 'muster', clusterId: null, index: 90, term: 7, savedAtUnixMs: Date.UTC(2026, 10, 21, 4, 5, 6), savedBy: 'c1', digest: createHash('sha256').update(JSON.stringify(state)).digest('hex'), state };
  const path = (): string => join(cwd, 'a.json');

  test('are saved whole, for their owner only, and said what they hold', async () => {
    raft.answer = () => [200, saved];
    expect(await muster('snapshot', 'save', 'a.json')).toMatchObject({ code: EXIT.ok, out: "a.json has the state of 'muster' at index 90: 3 members, as c1 knew them.\n" });
    expect([JSON.parse(readFileSync(path(), 'utf8')), statSync(path()).mode & 0o777]).toEqual([saved, 0o600]);
    expect(JSON.parse((await muster('snapshot', 'save', '-')).out)).toEqual(saved);
    expect(raft.changes.map((it) => it.path)).toEqual(['/raft/snapshot', '/raft/snapshot']);
    await muster('snapshot', 'save', 'a.json', '--stale');
    expect(raft.changes.at(-1)?.path).toBe('/raft/snapshot?consistency=stale');
  });

  test('that cannot be written leave nothing half done', async () => {
    raft.answer = () => [200, saved];
    expect(await muster('snapshot', 'save', 'no/such/folder.json')).toMatchObject({ code: EXIT.failed, err: expect.stringMatching(/no\/such\/folder\.json cannot be written: ENOENT/) });
  });

  test('are inspected without a cluster', async () => {
    writeFileSync(path(), JSON.stringify(saved));
    const { code, out } = await runMuster({ cwd }, 'raft', 'snapshot', 'inspect', 'a.json');
    expect([code, out]).toEqual([EXIT.ok, expect.stringMatching(/^Saved state of muster\n {2}saved {4}2026-11-21 04:05:06 UTC by c1\n {2}log {6}index 90, term 7\n {2}group {4}none yet\n {2}members {2}2 HEALTHY, 1 DOWN\n/)]);
    expect(JSON.parse((await runMuster({ cwd }, 'raft', 'snapshot', 'inspect', 'a.json', '--json')).out)).toMatchObject({ index: 90, members: 3, statuses: { HEALTHY: 2, DOWN: 1 } });
  });

  test('are restored by the name of the cluster: given, or typed by somebody', async () => {
    writeFileSync(path(), JSON.stringify(saved));
    raft.answer = () => [200, { index: 120, term: 7, members: 3 }];
    expect(await muster('snapshot', 'restore', 'a.json')).toMatchObject({ code: EXIT.usage, err: expect.stringMatching(/say --confirm and the name of the cluster/) });
    expect(await muster('snapshot', 'restore', 'a.json', '--confirm', 'muster')).toMatchObject({ code: EXIT.ok, out: expect.stringMatching(/^Restored at index 120: 3 members as they were at 2026-11-21 04:05:06 UTC/) });
    await runMuster({ cwd, ask: () => Promise.resolve(' staging ') }, 'raft', 'snapshot', 'restore', 'a.json', '--url', raft.urls[0] ?? '');
    expect(raft.changes).toMatchObject([{ path: '/raft/restore', body: { confirm: 'muster', snapshot: saved } }, { body: { confirm: 'staging' } }]);
  });

  test.each([
    ['is damaged', JSON.stringify({ ...saved, state: { ...state, index: 91 } }), EXIT.failed, /a\.json is damaged/],
    ['is something else', '{"members":[]}', EXIT.usage, /a\.json is no snapshot/],
    ['is no JSON', 'hello', EXIT.usage, /a\.json is no snapshot/],
  ])('are neither inspected nor restored when the file %s', async (_, text, code, says) => {
    writeFileSync(path(), text);
    expect(await muster('snapshot', 'restore', 'a.json', '--confirm', 'muster')).toMatchObject({ code, err: expect.stringMatching(says) });
    expect(await runMuster({ cwd }, 'raft', 'snapshot', 'inspect', 'a.json')).toMatchObject({ code, err: expect.stringMatching(says) });
    expect(raft.changes).toEqual([]);
  });
});
