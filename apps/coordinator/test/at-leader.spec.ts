/** What a coordinator answers that does not lead, over real HTTP between three of them. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { clusterStatusSchema, FORWARDED_HEADER, operatorResultSchema, READ_HEADERS } from '@muster/contracts';
import { eventually } from '@muster/testing';
import { passOn } from '../src/http/leader-client.js';
import { raftUnavailable } from '../testing/fake-group.js';
import { endFleet, fleet } from '../testing/http-fleet.js';

afterEach(endFleet);
const drain = { body: { reason: 'new kernel', by: 'ada' } };

test('an order at a follower is carried out by the leader, and answered as the leader answers', async () => {
  const { at } = await fleet();
  const { code, body } = await at('c2').send('POST', '/cluster/members/n1/drain', drain);
  expect([code, operatorResultSchema.parse(body)]).toMatchObject([200, { changed: true, member: { nodeId: 'n1', marks: ['draining'] } }]);
  expect(at('c1').cluster.membership.member('n1')?.record.marks).toEqual(['draining']);
  expect(at('c2').cluster.membership.member('n1')?.record.marks).toEqual([]);
});

test('what the leader refuses is refused in its words, and what makes no sense before anybody is asked', async () => {
  const { at, world } = await fleet();
  expect(await at('c2').send('POST', '/cluster/members/nobody/drain', drain)).toMatchObject({ code: 404, body: { code: 'MEMBER_UNKNOWN', message: expect.stringContaining("'nobody'") } });
  world.lead(null);
  expect(await at('c2').send('POST', '/cluster/members/n1/drain', { body: { resaon: 'typo' } })).toMatchObject({ code: 400, body: { code: 'ORDER_INVALID' } });
});

test('an order waits while a leader is elected, and goes to the one who is', async () => {
  const { at, lead, world } = await fleet();
  world.lead(null);
  let isAnswered = false;
  const order = at('c2').send('POST', '/cluster/members/n1/drain', drain).finally(() => (isAnswered = true));
  await eventually('it waits', async () => (await metric(at('c2'), 'coordinator_requests_at_leader')), (waiting) => waiting === 1);
  expect(isAnswered).toBe(false);
  lead('c3');
  expect(await order).toMatchObject({ code: 200 });
  expect(at('c3').cluster.membership.member('n1')?.record.marks).toEqual(['draining']);
  expect(at('c1').cluster.membership.member('n1')?.record.marks).toEqual([]);
});

test('a coordinator that took another one for the leader finds out, and does not pass it to and fro', async () => {
  const { at } = await fleet();
  at('c2').group.belief = 'c3';
  at('c3').group.belief = 'c2';
  const order = at('c2').send('POST', '/cluster/members/n1/drain', drain);
  await eventually('it was told', () => metric(at('c2'), 'coordinator_forwarded_requests_total{outcome="untaken"'), (count) => count > 0);
  at('c2').group.belief = undefined;
  expect(await order).toMatchObject({ code: 200 });
  expect(await at('c3').send('POST', '/cluster/members/n1/drain', { ...drain, headers: { [FORWARDED_HEADER]: 'c2' } })).toMatchObject({ code: 503, body: { code: 'NOT_LEADER' } });
});

test('a leader that lost its office before the order was agreed on leaves it to the next one', async () => {
  const { at, lead } = await fleet();
  const { cluster } = at('c1');
  const propose = cluster.propose.bind(cluster);
  cluster.propose = () => {
    cluster.propose = propose;
    lead('c2');
    return Promise.resolve({ kind: 'unavailable', code: 'lost', reason: 'another entry took its place' });
  };
  expect(await at('c1').send('POST', '/cluster/members/n1/drain', drain)).toMatchObject({ code: 200, body: { changed: true } });
  expect(at('c2').cluster.membership.member('n1')?.record.marks).toEqual(['draining']);
});

test.each([
  ['closes the connection', (server: Server) => server.on('request', (request) => request.socket.destroy())],
  ['is replaced before it answers', (server: Server, replaced: () => void) => server.on('request', replaced)],
])('an order whose leader %s is not repeated: nobody knows, and that is said', async (_, behave) => {
  const { at, world, lead } = await fleet();
  let requests = 0;
  const server = createServer();
  behave(server, () => lead('c3'));
  server.on('request', () => (requests += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  world.httpUrls.set('c1', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const answer = await at('c2').send('POST', '/cluster/members/n1/drain', drain);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(answer).toMatchObject({ code: 503, body: { code: 'NOT_COMMITTED', message: expect.stringMatching(/'c1' got the request and did not answer/) } });
  expect(requests).toBe(1);
});

test('an answer that is there while our own loop stands still counts, though another one leads by then', async () => {
  let looks = 0;
  const server = createServer((_, response) => {
    const standStill = (): void => {
      response.end('{"well":true}');
      const endMs = performance.now() + 1000;
      while (performance.now() < endMs);
    };
    // In the turn after which timers are due before sockets are read.
    void eventually('it was seen that another one leads', () => looks, (count) => count > 0).then(() => setImmediate(standStill));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const answer = await passOn({ method: 'GET', url, headers: {}, text: '' }, () => (looks += 1) > 0);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(answer).toMatchObject({ kind: 'answered', body: { well: true } });
});

test('a leader that cannot be reached over HTTP is named with its address', async () => {
  const { at, world } = await fleet(3, { limits: { tryMs: 50 } });
  world.httpUrls.set('c1', 'http://127.0.0.1:1');
  expect(await at('c2').get('/cluster/status?consistency=leader')).toMatchObject({ code: 503, body: { code: 'LEADER_UNREACHABLE', message: expect.stringMatching(/'c1' leads.* http:\/\/127\.0\.0\.1:1 from 'c2' \(connect ECONNREFUSED/) } });
});

test('no more requests wait for a leader than are allowed to', async () => {
  const { at, world, lead } = await fleet(3, { limits: { waitingMax: 1 } });
  world.lead(null);
  const waiting = at('c2').get('/cluster/status?consistency=leader');
  await eventually('it waits', () => metric(at('c2'), 'coordinator_requests_at_leader'), (count) => count === 1);
  expect(await at('c2').get('/cluster/status?consistency=leader')).toMatchObject({ code: 503, body: { code: 'FORWARDING_EXHAUSTED' } });
  expect(await at('c2').get('/cluster/status')).toMatchObject({ code: 200 });
  lead('c3');
  expect(await waiting).toMatchObject({ code: 200, body: { servedBy: 'c3' } });
  expect(await metric(at('c2'), 'coordinator_requests_at_leader')).toBe(0);
  expect(await at('c2').get('/cluster/status?consistency=leader')).toMatchObject({ code: 200 });
});

describe('a coordinator that is cut off from the others', () => {
  const cutOff = async () => {
    const { at } = await fleet();
    at('c2').group.cutOffMs = 4000;
    return at('c2');
  };

  test.each([['POST', '/cluster/members/n1/drain', {}], ['GET', '/cluster/status?consistency=leader', undefined], ['GET', '/cluster/members?consistency=linearizable', undefined]])('refuses %s %s at once, with the reason', async (method, path, body) => {
    const c2 = await cutOff();
    const { code, body: answer, headers } = await c2.send(method, path, { body });
    expect([code, answer['code'], answer['message']]).toEqual([503, 'NO_QUORUM', expect.stringMatching(/'c2' cannot agree on anything.* out of touch with a majority for 4\.0 s/)]);
    expect(headers.get('retry-after')).toBe('1');
    expect(c2.group.reads).toBe(0);
  });

  test('refuses though it takes itself, or another one, for the leader', async () => {
    const { at } = await fleet();
    for (const nodeId of ['c1', 'c2']) {
      Object.assign(at(nodeId).group, { cutOffMs: 4000, belief: 'c1' });
      expect(await at(nodeId).send('POST', '/cluster/members/n1/drain', drain)).toMatchObject({ code: 503, body: { code: 'NO_QUORUM' } });
    }
    expect(at('c1').cluster.membership.member('n1')?.record.marks).toEqual([]);
  });

  test('goes on telling what it knew last, and how old that is', async () => {
    const c2 = await cutOff();
    const { code, headers, body } = await c2.get('/cluster/members');
    expect([code, (body as { members: unknown[] }).members.length, headers.get(READ_HEADERS.ageMs)]).toEqual([200, 1, '4000']);
  });

  test('that was never in touch says what it waits for, and does not wait for a leader', async () => {
    const c2 = await cutOff();
    const status = c2.group.status.bind(c2.group);
    c2.group.status = () => ({ ...status(), state: 'forming', detail: 'sees 1 of 3 coordinators', contactAgeMs: null });
    const { body, code } = await c2.send('POST', '/cluster/members/n1/drain', drain);
    expect([code, body['message']]).toEqual([503, expect.stringMatching(/it is forming \(sees 1 of 3 coordinators\)/)]);
    const stale = await c2.get('/cluster/status');
    expect([stale.code, stale.headers.has(READ_HEADERS.ageMs)]).toEqual([200, false]);
  });
});

describe('an answer about the cluster', () => {
  test.each([
    ['stale', 'c2', '7', '10'],
    ['leader', 'c1', '7', '10'],
    ['linearizable', 'c2', '0', '15'],
  ])('that is %s, asked of c2, is from %s and says so', async (consistency, servedBy, ageMs, index) => {
    const { at } = await fleet();
    const { code, headers, body } = await at('c2').get(`/cluster/status?consistency=${consistency}`);
    expect(code).toBe(200);
    expect(Object.fromEntries(Object.values(READ_HEADERS).map((name) => [name, headers.get(name)]))).toEqual({ [READ_HEADERS.index]: index, [READ_HEADERS.term]: '1', [READ_HEADERS.ageMs]: ageMs, [READ_HEADERS.servedBy]: servedBy });
    expect(clusterStatusSchema.parse(body)).toMatchObject({ consistency, servedBy, ageMs: Number(ageMs) });
  });

  test('is stale unless asked otherwise, and never claims entries that it does not have', async () => {
    const { at, world } = await fleet();
    const { headers } = await at('c2').get('/cluster/members/n1');
    expect([headers.get(READ_HEADERS.index), headers.get(READ_HEADERS.servedBy)]).toEqual(['10', 'c2']);
    world.index = 0;
    expect((await at('c2').get('/cluster/members')).headers.get(READ_HEADERS.index)).toBe('1');
    expect(at('c2').group.reads).toBe(0);
  });

  test('with a word for consistency that means nothing is refused, and so are streams that are to be more than they are', async () => {
    const { at } = await fleet();
    expect(await at('c2').get('/cluster/members?consistency=strong')).toMatchObject({ code: 400, body: { code: 'QUERY_INVALID', message: expect.stringMatching(/'strong': give one of stale, leader, linearizable/) } });
    for (const path of ['watch', 'events']) expect(await at('c2').get(`/cluster/${path}?consistency=leader`)).toMatchObject({ code: 400, body: { code: 'QUERY_INVALID' } });
  });

  test('that only the leader can give comes with its errors', async () => {
    const { at } = await fleet();
    expect(await at('c2').get('/cluster/members/nobody?consistency=leader')).toMatchObject({ code: 404, body: { code: 'MEMBER_UNKNOWN' } });
    expect(await at('c2').get('/cluster/events?format=json&consistency=leader')).toMatchObject({ code: 200, body: { events: [{ subject: 'n1' }] } });
  });

  test('that no majority vouches for is not given', async () => {
    const { at } = await fleet();
    at('c2').group.read = () => Promise.reject(raftUnavailable('unknown', 'no leader vouched for a read within 2500 ms'));
    expect(await at('c2').get('/cluster/status?consistency=linearizable')).toMatchObject({ code: 503, body: { code: 'NO_QUORUM' } });
  });
});

async function metric({ url }: { url: string }, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(text.split('\n').find((line) => line.startsWith(name))?.split(' ').at(-1) ?? NaN);
}
