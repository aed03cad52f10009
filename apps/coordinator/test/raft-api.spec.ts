/** `/raft/*` over real HTTP: what coordinators and operators ask of the group, whichever coordinator they ask. */
import { createHash, randomUUID } from 'node:crypto';
import { NONCE_HEADER, raftJoinNonceSchema, raftStatusSchema, READ_HEADERS, savedStateSchema, SIGNATURE_HEADER } from '@muster/contracts';
import { raftUnavailable } from '../testing/fake-group.js';
import { endFleet, fleet, SECRET } from '../testing/http-fleet.js';

afterEach(endFleet);
const peer = { cluster: 'test', nodeId: 'c4', storeId: randomUUID(), httpUrl: 'http://h:8081', raftUrl: 'raft://h:7081' };

const changes: ReadonlyArray<{ what: string; method: string; path: string; body?: unknown; asked: string }> = [
  { what: 'a member is added', method: 'POST', path: '/raft/peers', body: peer, asked: 'c1: add c4' },
  { what: 'a member is removed', method: 'DELETE', path: '/raft/peers/c3', asked: 'c1: remove c3' },
  { what: 'a member is replaced', method: 'POST', path: '/raft/peers/c3/replace', body: peer, asked: 'c1: replace c3 by c4' },
  { what: 'leadership is handed over', method: 'POST', path: '/raft/transfer', body: { to: 'c2' }, asked: 'c1: transfer c2' },
  { what: 'leadership is handed to whoever is furthest', method: 'POST', path: '/raft/transfer', body: {}, asked: 'c1: transfer c3' },
];

describe.each(changes)('$what ($method $path)', ({ method, path, body, asked }) => {
  test.each(['c1', 'c2'])('by the leader, when %s is asked with the secret', async (nodeId) => {
    const { at, world } = await fleet();
    expect(await at(nodeId).operate(method, path, body)).toMatchObject({ code: 200 });
    expect(world.asked).toEqual([asked]);
  });

  test('by nobody without the secret, or with another one', async () => {
    const { at, world } = await fleet();
    for (const [token, says] of [[undefined, /Authorization: Bearer/], ['another secret, as long', /not the secret/]] as const) {
      expect(await at('c2').send(method, path, { body, token })).toMatchObject({ code: 401, body: { code: 'UNAUTHENTICATED', message: expect.stringMatching(says) } });
    }
    expect(world.asked).toEqual([]);
  });

  test('by nobody where no secret was set', async () => {
    const { at } = await fleet(1, { secret: null });
    expect(await at('c1').send(method, path, { body, token: '' })).toMatchObject({ code: 403, body: { code: 'SECRET_UNSET' } });
    expect(await at('c1').send(method, path, { body, token: 'null' })).toMatchObject({ code: 403 });
  });

  test.each([
    ['refused', 409, 'RAFT_REFUSED'],
    ['unknown', 503, 'NOT_COMMITTED'],
  ])('that the group calls %s is answered with %i %s and its words', async (code, status, error) => {
    const { at, world } = await fleet();
    world.failure = raftUnavailable(code, 'c3 has never been seen');
    expect(await at('c2').operate(method, path, body)).toMatchObject({ code: status, body: { code: error, message: expect.stringContaining('c3 has never been seen') } });
  });

  test.each(['not-leader', 'lost', 'busy'])('that did not happen because of %s is tried again', async (code) => {
    const { at, world } = await fleet();
    world.failure = raftUnavailable(code, "'c1' leads");
    expect(await at('c2').operate(method, path, body)).toMatchObject({ code: 200 });
    expect(world.asked).toEqual([asked]);
  });
});

test.each([
  ['DELETE', '/raft/peers/c9', undefined],
  ['POST', '/raft/peers/c9/replace', peer],
  ['POST', '/raft/transfer', { to: 'c9' }],
])('%s %s about a coordinator that nobody knows names those there are', async (method, path, body) => {
  const { at, world } = await fleet();
  expect(await at('c2').operate(method, path, body)).toMatchObject({ code: 404, body: { code: 'PEER_UNKNOWN', message: expect.stringMatching(/'c9': there are c1, c2, c3/) } });
  expect(world.asked).toEqual([]);
});

test.each([
  ['/raft/peers', { ...peer, raftUrl: 'h:7081' }, /raftUrl: .*raft:\/\/host:port/],
  ['/raft/peers', undefined, /cluster, nodeId, storeId/],
  ['/raft/peers/c3/replace', { ...peer, extra: 1 }, /extra/],
  ['/raft/transfer', { to: 7 }, /to/],
])('POST %s with %j is told what is wrong', async (path, body, says) => {
  const { at, world } = await fleet();
  expect(await at('c1').operate('POST', path, body)).toMatchObject({ code: 400, body: { code: 'RAFT_REQUEST_INVALID', message: expect.stringMatching(says) } });
  expect(world.asked).toEqual([]);
});

test('a group that stays busy is said to be so in the end', async () => {
  const { at } = await fleet(3, { limits: { tryMs: 50 } });
  at('c1').group.removePeer = () => Promise.reject(raftUnavailable('busy', 'another change is under way'));
  expect(await at('c2').operate('DELETE', '/raft/peers/c3')).toMatchObject({ code: 503, body: { code: 'RAFT_BUSY', message: expect.stringContaining('another change is under way') } });
});

test('who hands over still says so when the other one leads already', async () => {
  const { at } = await fleet();
  // As long as it takes a follower to notice and to look twice.
  at('c1').group.beforeTransferred = () => new Promise((resolve) => setTimeout(resolve, 150));
  expect(await at('c2').operate('POST', '/raft/transfer', { to: 'c3' })).toMatchObject({ code: 200, body: { from: 'c1', leaderId: 'c3', tookMs: expect.any(Number) } });
});

test('status and peers are told to everybody, as this coordinator knows them', async () => {
  const { at } = await fleet();
  const { code, body, headers } = await at('c2').get('/raft/status');
  expect([code, raftStatusSchema.parse(body)]).toMatchObject([200, { nodeId: 'c2', state: 'follower', leaderId: 'c1' }]);
  expect(headers.get(READ_HEADERS.servedBy)).toBe('c2');
  expect((await at('c2').get('/raft/status?consistency=leader')).body).toMatchObject({ nodeId: 'c1', state: 'leader' });
  expect((await at('c2').get('/raft/peers')).body).toMatchObject({ peers: [{ nodeId: 'c1' }, { nodeId: 'c2' }, { nodeId: 'c3' }] });
});

describe('coordinators that look for each other', () => {
  test('get an introduction that is signed for their nonce', async () => {
    const { at } = await fleet();
    const { code, body, headers } = await at('c2').get('/raft/introduction?nonce=abcdefgh-1');
    expect([code, body['nodeId'], headers.get(SIGNATURE_HEADER)]).toEqual([200, 'c2', 'over abcdefgh-1']);
  });

  test.each(['', '?nonce=short', '?nonce=with%20blanks%20in'])('have to give a nonce that is one, not "%s"', async (query) => {
    const { at } = await fleet();
    expect(await at('c2').get(`/raft/introduction${query}`)).toMatchObject({ code: 400, body: { code: 'QUERY_INVALID' } });
  });

  // Blanks and order differ from what JSON.stringify would make of it: the signature is over what was sent.
  const text = `{ "raftUrl": "raft://h:7081",  "cluster": "test", "nodeId": "c4", "storeId": "${peer.storeId}", "httpUrl": "http://h:8081" }`;

  const signed = (about: string) => ({ [NONCE_HEADER]: 'a-nonce', [SIGNATURE_HEADER]: `over a-nonce ${about}` });

  test.each(['c1', 'c2'])('get a nonce of the leader, whomever they ask (%s)', async (nodeId) => {
    const { at } = await fleet();
    const { code, body } = await at(nodeId).get('/raft/join-nonce');
    expect([code, raftJoinNonceSchema.parse(body)]).toEqual([200, { nonce: 'nonce-of-c1-1-0123456789' }]);
  });

  test('do not without the nonce that they sign over, or with another', async () => {
    const { at, world } = await fleet();
    const { [NONCE_HEADER]: _, ...without } = signed(text);
    for (const headers of [without, { ...without, [NONCE_HEADER]: 'another-nonce' }]) expect(await at('c2').send('POST', '/raft/join', { body: text, headers })).toMatchObject({ code: 401, body: { code: 'SIGNATURE_INVALID' } });
    expect(world.asked).toEqual([]);
  });

  test.each(['c1', 'c2'])('are told to ask again by themselves when the group cannot now (%s): what they signed is used up', async (nodeId) => {
    const { at, world } = await fleet();
    world.failure = raftUnavailable('busy', 'another change is under way');
    expect(await at(nodeId).send('POST', '/raft/join', { body: text, headers: signed(text) })).toMatchObject({ code: 503, body: { code: 'JOIN_LATER', message: expect.stringContaining('another change is under way') } });
    expect(world.asked).toEqual([]);
  });

  test.each(['c1', 'c2'])('join at any member (%s) with a request that is signed as it was sent', async (nodeId) => {
    const { at, world } = await fleet();
    expect(await at(nodeId).send('POST', '/raft/join', { body: text, headers: signed(text) })).toMatchObject({ code: 200, body: { peers: [] } });
    expect(world.asked).toEqual(['c1: join c4 with a-nonce']);
  });

  test.each([['another', `over a-nonce ${text.replace('c4', 'c5')}`], ['no', undefined]])('do not with %s signature', async (_, signature) => {
    const { at, world } = await fleet();
    expect(await at('c2').send('POST', '/raft/join', { body: text, headers: { [NONCE_HEADER]: 'a-nonce', ...(signature === undefined ? {} : { [SIGNATURE_HEADER]: signature }) } })).toMatchObject({ code: 401, body: { code: 'SIGNATURE_INVALID' } });
    expect(world.asked).toEqual([]);
  });

  test('are refused in words when what they sign is no request, or far too long', async () => {
    const { at } = await fleet();
    const send = (body: string) => at('c2').send('POST', '/raft/join', { body, headers: signed(body.slice(0, 40)) });
    expect(await send('{"nodeId":"c4"}')).toMatchObject({ code: 400, body: { code: 'RAFT_REQUEST_INVALID' } });
    expect(await send(`{"nodeId":"${'x'.repeat(20_000)}"}`)).toMatchObject({ code: 413, body: { code: 'BODY_TOO_LARGE' } });
  });
});

describe('a saved state', () => {
  test('is what a majority vouches for, complete, with its index and a digest', async () => {
    const { at } = await fleet();
    const { code, body } = await at('c2').get('/raft/snapshot');
    const saved = savedStateSchema.parse(body);
    expect([code, saved]).toMatchObject([200, { cluster: 'test', index: 15, savedBy: 'c2', state: { v: 2, members: [{ record: { nodeId: 'n1' } }] } }]);
    expect(saved.digest).toBe(createHash('sha256').update(JSON.stringify((body as { state: unknown }).state)).digest('hex'));
    at('c2').group.cutOffMs = 60_000;
    expect(await at('c2').get('/raft/snapshot')).toMatchObject({ code: 503, body: { code: 'NO_QUORUM' } });
    expect(await at('c2').get('/raft/snapshot?consistency=stale')).toMatchObject({ code: 200 });
  });

  test('that is larger than may be restored is refused with the limit and its name, at any coordinator', async () => {
    const { at } = await fleet(2, { stateBytesMax: 100_000 });
    const body = { confirm: 'test', snapshot: 'x'.repeat(200_000) };
    for (const nodeId of ['c1', 'c2']) {
      expect(await at(nodeId).operate('POST', '/raft/restore', body)).toMatchObject({ code: 413, body: { code: 'BODY_TOO_LARGE', message: 'the body has more than 165536 bytes, and a state of at most 100000 is restored: raise coordinator.stateBytesMax at all coordinators, and restart them' } });
      // Smaller ones are looked at, also above what other requests may have.
      expect(await at(nodeId).operate('POST', '/raft/restore', { ...body, snapshot: 'x'.repeat(120_000) })).toMatchObject({ code: 400, body: { code: 'SNAPSHOT_INVALID' } });
    }
  });

  test('of nobody who may not restore it is even read', async () => {
    const { at } = await fleet(1, { stateBytesMax: 100_000 });
    // More than is taken: whoever read it would say so.
    const body = { snapshot: 'x'.repeat(200_000) };
    expect(await at('c1').send('POST', '/raft/restore', { body })).toMatchObject({ code: 401, body: { code: 'UNAUTHENTICATED' } });
  });

  test('that the group refuses for good is said to be refused, with what to do', async () => {
    const { at } = await fleet(1);
    const { body: snapshot } = await at('c1').get('/raft/snapshot');
    at('c1').log.refuse('it has 9 bytes, and at most 8 are agreed on at once');
    expect(await at('c1').operate('POST', '/raft/restore', { confirm: 'test', snapshot })).toMatchObject({ code: 409, body: { code: 'RAFT_REFUSED', message: expect.stringMatching(/at most 8 .*raise coordinator\.stateBytesMax/i) } });
  });

  test('takes the place of what is agreed, at the leader, once it was confirmed by the name of the cluster', async () => {
    const { at } = await fleet();
    await at('c1').send('POST', '/cluster/members/n1/cordon', { body: {} });
    const { body: snapshot } = await at('c1').get('/raft/snapshot');
    await at('c1').send('POST', '/cluster/members/n1/uncordon', { body: {} });
    expect(await at('c2').operate('POST', '/raft/restore', { confirm: 'test', snapshot })).toMatchObject({ code: 200, body: { members: 1, index: expect.any(Number) } });
    expect(at('c1').cluster.membership.member('n1')?.record.marks).toEqual(['cordoned']);
  });

  test.each<[string, (snapshot: Record<string, unknown>) => object, string, RegExp]>([
    ['without the name of the cluster', (snapshot) => ({ snapshot }), 'RESTORE_UNCONFIRMED', /is 'test'/],
    ['with the name of another cluster', (snapshot) => ({ confirm: 'staging', snapshot }), 'RESTORE_UNCONFIRMED', /'staging'/],
    ['that was changed by hand', (snapshot) => ({ confirm: 'test', snapshot: { ...snapshot, state: { ...(snapshot['state'] as object), index: 1_000_000 } } }), 'SNAPSHOT_INVALID', /digest/],
    ['that is something else', () => ({ confirm: 'test', snapshot: { members: [] } }), 'SNAPSHOT_INVALID', /format/],
    ['that no coordinator could read, though its digest is right', (snapshot) => ({ confirm: 'test', snapshot: resealed(snapshot, { members: [{ record: null }] }) }), 'SNAPSHOT_INVALID', /members\.0\.record/],
    ['that lacks what all agree on', (snapshot) => ({ confirm: 'test', snapshot: resealed(snapshot, { time: undefined, rules: {} }) }), 'SNAPSHOT_INVALID', /rules.*time/],
    ['of a version that is not known', (snapshot) => ({ confirm: 'test', snapshot: resealed(snapshot, { v: 3 }) }), 'SNAPSHOT_INVALID', /version 3/],
  ])('%s is not restored', async (_, bodyOf, code, says) => {
    const { at } = await fleet();
    const { body: snapshot } = await at('c1').get('/raft/snapshot');
    const { index } = at('c1').cluster.membership;
    expect(await at('c1').operate('POST', '/raft/restore', bodyOf(snapshot))).toMatchObject({ code: 400, body: { code, message: expect.stringMatching(says) } });
    expect(at('c1').cluster.membership.index).toBe(index);
  });

  test('is restored by operators only', async () => {
    const { at } = await fleet();
    expect(await at('c1').send('POST', '/raft/restore', { body: {}, token: `${SECRET}!` })).toMatchObject({ code: 401 });
  });
});

test('the description of the API has every path of the group, with what goes in, what comes out and who may', async () => {
  const { at } = await fleet(1);
  const { paths } = (await at('c1').get('/docs-json')).body as { paths: Record<string, Record<string, { responses: Record<string, { headers?: object }>; summary?: string; security?: unknown[] }>> };
  const operations = Object.entries(paths).filter(([path]) => path.startsWith('/raft/')).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })));
  expect(operations.map(({ name }) => name).toSorted()).toEqual(['delete /raft/peers/{nodeId}', 'get /raft/introduction', 'get /raft/join-nonce', 'get /raft/peers', 'get /raft/snapshot', 'get /raft/status', 'post /raft/join', 'post /raft/peers', 'post /raft/peers/{nodeId}/replace', 'post /raft/restore', 'post /raft/snapshot', 'post /raft/transfer']);
  for (const { operation } of operations) expect(operation.summary).toMatch(/\.$/);
  expect(operations.filter(({ name, operation }) => !name.startsWith('get') && operation.security === undefined).map(({ name }) => name)).toEqual(['post /raft/join']);
  expect(Object.keys(paths['/cluster/status']?.['get']?.responses['200']?.headers ?? {})).toEqual(Object.values(READ_HEADERS));
});

test('each coordinator makes a snapshot of its own store when told to', async () => {
  const { at } = await fleet();
  expect(await at('c2').operate('POST', '/raft/snapshot')).toMatchObject({ code: 200, body: { nodeId: 'c2', index: 10 } });
  expect(await at('c2').send('POST', '/raft/snapshot')).toMatchObject({ code: 401 });
});

function resealed(snapshot: Record<string, unknown>, more: object): object {
  const state = { ...(snapshot['state'] as object), ...more };
  return { ...snapshot, state, digest: createHash('sha256').update(JSON.stringify(state)).digest('hex') };
}
