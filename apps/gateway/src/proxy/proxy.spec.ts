import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { errorBodySchema, type MemberStatusView } from '@muster/contracts';
import { until } from '@muster/testing';
import { memberOf } from '../../testing/members.js';
import { opened, proxyTo, upstream } from '../../testing/opened.js';
import { type Handle, says } from '../../testing/upstream.js';
import { UpstreamProcess } from '../../testing/upstream-process.js';

const at = (nodeId: string, { url }: { readonly url: string }, facts: Partial<MemberStatusView> = {}) => memberOf(nodeId, { httpUrl: url, ...facts });
/** Nobody listens there. */
const dead = (nodeId: string) => memberOf(nodeId, { httpUrl: 'http://127.0.0.1:1' });

async function bodyOf(request: Parameters<Handle>[0]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** JSON that does not survive a parser: a key twice, a big integer, odd spaces, an escape, an open number. */
const FRAGILE = '{ "a":1,\t"a": 2, "big": 12481294621783612638172632817, "e":1.0E+2,\n"s":"\\u00fc\\/" }';

test('A4: JSON goes through byte for byte both ways: duplicate keys, big integers and spaces survive', async () => {
  let received = '';
  const echo = await upstream((request, response) => {
    void bodyOf(request).then((body) => {
      received = body.toString();
      response.setHeader('Content-Type', 'application/json').end(body);
    });
  });
  const proxy = await proxyTo([at('producer-1', echo, { service: 'producer' })]);
  const answer = await proxy.ask('/api/logs', { method: 'POST', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(FRAGILE) }, body: FRAGILE });
  expect(received).toBe(FRAGILE);
  expect(answer.body.toString()).toBe(FRAGILE);
  expect(answer.headers).toMatchObject({ 'x-muster-node': 'producer-1', 'content-type': 'application/json' });
});

test('path, query, status, reason and repeated headers go through as they are', async () => {
  let seen = '';
  const one = await upstream((request, response) => {
    seen = `${request.method} ${request.url} ${String(request.headers['x-forwarded-host'])} ${request.headers.host}`;
    response.writeHead(418, 'Quite So', ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Odd', 'caf\u00e9']);
    response.end();
  });
  const proxy = await proxyTo([at('consumer-1', one)]);
  const answer = await proxy.ask('/api/logs/count?q=%2F%C3%BC&q=2', { headers: { host: 'logs.example' } });
  expect(seen).toBe(`GET /logs/count?q=%2F%C3%BC&q=2 logs.example ${new URL(one.url).host}`);
  expect(answer.status).toBe(418);
  expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
  expect(answer.rawHeaders[answer.rawHeaders.indexOf('X-Odd') + 1]).toBe('caf\u00e9');
});

test('bodies far greater than any buffer stream in both directions and arrive unchanged', async () => {
  const block = randomBytes(1024 * 1024);
  const blocks = 48;
  const echo = await upstream((request, response) => request.pipe(response));
  const proxy = await proxyTo([at('producer-1', echo, { service: 'producer' })]);
  const [sent, received] = [createHash('sha256'), createHash('sha256')];
  let receivedBytes = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const outgoing = httpRequest({ host: '127.0.0.1', port: proxy.port, path: '/api/logs', method: 'POST', agent: false }, (answer) => {
    answer.on('data', (chunk: Buffer) => {
      received.update(chunk);
      receivedBytes += chunk.length;
    });
    answer.on('end', resolve).on('error', reject);
  });
  outgoing.on('error', reject);
  for (let n = 0; n < blocks; n++) {
    sent.update(block);
    if (!outgoing.write(block)) await new Promise((drained) => outgoing.once('drain', drained));
  }
  outgoing.end();
  await promise;
  expect(receivedBytes).toBe(blocks * block.length);
  expect(received.digest('hex')).toBe(sent.digest('hex'));
});

test('a client that does not read holds the member back instead of filling the gateway', async () => {
  let written = 0;
  const flood = await upstream((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(256 * 1024))) written += 256 * 1024;
      written += 256 * 1024;
    };
    response.on('drain', more);
    more();
  });
  const proxy = await proxyTo([at('consumer-1', flood)]);
  const socket = connect(proxy.port, '127.0.0.1', () => socket.write('GET /api/logs HTTP/1.1\r\nHost: x\r\n\r\n'));
  socket.pause();
  let before = -1;
  let stillSinceMs = performance.now();
  await until('the member is held back', () => {
    if (written !== before) stillSinceMs = performance.now();
    before = written;
    return written > 0 && performance.now() - stillSinceMs > 300;
  });
  expect(written).toBeLessThan(64 * 1024 * 1024);
  socket.destroy();
});

test('a client that goes away ends its request at the member', async () => {
  let wasCut = false;
  const slow = await upstream((request, response) => {
    response.on('close', () => (wasCut = !response.writableFinished));
    request.resume();
  });
  const proxy = await proxyTo([at('consumer-1', slow)]);
  const outgoing = httpRequest({ host: '127.0.0.1', port: proxy.port, path: '/api/logs', agent: false });
  outgoing.on('error', () => {});
  outgoing.end();
  await until('the member has it', () => slow.requestCount === 1);
  outgoing.destroy();
  await until('the member notices', () => wasCut);
  await until('it is counted', async () => (await proxy.metric('gateway_requests_total{service="consumer",outcome="client-gone"}')) === 1);
});

test('a refused connection is tried on another member, for a POST with a body as well', async () => {
  const alive = await upstream((request, response) => void bodyOf(request).then((body) => response.end(body)));
  const members = [dead('p-1'), dead('p-2'), dead('p-3'), at('p-4', alive)].map((member) => ({ ...member, service: 'producer' }));
  const proxy = await proxyTo(members);
  for (let n = 0; n < 10; n++) {
    const answer = await proxy.ask('/api/logs', { method: 'POST', body: FRAGILE });
    expect(answer.body.toString()).toBe(FRAGILE);
    expect(answer.headers['x-muster-node']).toBe('p-4');
  }
});

test('A4: a member killed between requests costs clients nothing, and soon gets nothing', async () => {
  const [one, other] = [await upstream(says('one')), await upstream(says('other'))];
  const proxy = await proxyTo([at('c-1', one), at('c-2', other)]);
  const nodes = new Set<unknown>();
  for (let n = 0; n < 30; n++) nodes.add((await proxy.ask('/api/logs')).headers['x-muster-node']);
  expect(nodes.size).toBe(2);
  await one.kill();
  const answers = await Promise.all(Array.from({ length: 100 }, () => proxy.ask('/api/logs')));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 200));
  expect(await proxy.metric('gateway_retries_total{service="consumer",reason="not-sent"}')).toBeLessThan(100);
});

test('A4: kill -9 of a member under load costs readers not one request', async () => {
  const members = await Promise.all([UpstreamProcess.start(), UpstreamProcess.start()]);
  opened.push(...members);
  const proxy = await proxyTo(members.map((member, index) => at(`c-${index}`, member)));
  const statuses: number[] = [];
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) statuses.push(await proxy.ask('/api/logs').then(({ status }) => status, () => 0));
  };
  const clients = Array.from({ length: 12 }, client);
  await until('load runs', () => statuses.length > 200);
  await members[0]?.kill();
  const before = statuses.length;
  await until('load went on', () => statuses.length > before + 200);
  isOver = true;
  await Promise.all(clients);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
});

test('a GET that broke off before an answer is repeated on another member', async () => {
  const [broken, sound] = [await upstream((request) => request.socket.destroy()), await upstream(says('sound'))];
  const proxy = await proxyTo([at('c-1', broken), at('c-2', sound)]);
  // Which of the two is asked first is drawn each time.
  await until('the broken one was asked', async () => {
    expect((await proxy.ask('/api/logs')).body.toString()).toBe('sound');
    return broken.requestCount > 0;
  });
});

test('a POST that broke off is never repeated, and the client is told that it may have been done', async () => {
  const [one, other] = [await upstream((request) => void bodyOf(request).then(() => request.socket.destroy())), await upstream((request) => void bodyOf(request).then(() => request.socket.destroy()))];
  const proxy = await proxyTo([at('p-1', one, { service: 'producer' }), at('p-2', other, { service: 'producer' })]);
  const answer = await proxy.ask('/api/logs', { method: 'POST', body: '{}' });
  expect(one.requestCount + other.requestCount).toBe(1);
  expect(errorBodySchema.parse(JSON.parse(answer.body.toString()))).toMatchObject({ statusCode: 502, code: 'MEMBER_FAILED', message: expect.stringContaining('may have acted') });
});

test('retries of a sick service stay within their budget: at most a fifth on top', async () => {
  const sick = await Promise.all(Array.from({ length: 4 }, () => upstream((request) => request.socket.destroy())));
  const proxy = await proxyTo(sick.map((one, index) => at(`c-${index}`, one)));
  for (let n = 0; n < 100; n++) await proxy.ask('/api/logs');
  const hits = sick.reduce((sum, { requestCount }) => sum + requestCount, 0);
  expect(hits).toBeLessThanOrEqual(100 + 10 + 20);
  expect(await proxy.metric('gateway_retries_denied_total{service="consumer"}')).toBeGreaterThan(50);
});

test('an answer that a member gave is passed on, also a 503, and never retried', async () => {
  const [one, other] = [await upstream((_, response) => response.writeHead(503, { 'Retry-After': '5' }).end('busy')), await upstream((_, response) => response.writeHead(503).end('busy'))];
  const proxy = await proxyTo([at('c-1', one), at('c-2', other)]);
  expect((await proxy.ask('/api/logs')).status).toBe(503);
  expect(one.requestCount + other.requestCount).toBe(1);
});

test('a member that dies in the middle of its answer cuts the client off: half an answer never looks whole', async () => {
  const dying = await upstream((request, response) => {
    response.write('half');
    setImmediate(() => request.socket.destroy());
  });
  const proxy = await proxyTo([at('c-1', dying)]);
  await expect(proxy.ask('/api/logs')).rejects.toThrow('aborted');
  expect(await proxy.metric('gateway_requests_total{service="consumer",outcome="broken"}')).toBe(1);
});

const EJECTED = 'gateway_ejected_members{service="consumer"}';

test('a member that breaks off within its answers is left alone for a while', async () => {
  const dying = await upstream((request, response) => {
    response.write('half');
    setImmediate(() => request.socket.destroy());
  });
  const sound = await upstream(says('whole'));
  const proxy = await proxyTo([at('c-1', dying), at('c-2', sound), at('c-3', sound)]);
  await until('it is ejected', async () => {
    await proxy.ask('/api/logs').catch(() => null);
    return (await proxy.metric(EJECTED)) === 1;
  });
});

test('clients that go away, also within their own request, are no fault of a member', async () => {
  const mute = await upstream((request) => request.resume());
  const proxy = await proxyTo(['1', '2', '3'].flatMap((n) => [at(`c-${n}`, mute), at(`p-${n}`, mute, { service: 'producer' })]));
  const heads = ['GET /api/logs HTTP/1.1\r\nHost: x\r\n\r\n', 'POST /api/logs HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"a":'];
  let asked = 0;
  for (let n = 0; n < 30; n++) {
    for (const head of heads) {
      const socket = connect(proxy.port, '127.0.0.1', () => socket.write(head));
      asked += 1;
      await until('it is under way', () => mute.requestCount === asked);
      socket.destroy();
    }
  }
  for (const service of ['consumer', 'producer']) {
    await until(`all were counted for the ${service}`, async () => (await proxy.metric(`gateway_requests_total{service="${service}",outcome="client-gone"}`)) === 30);
    expect(await proxy.metric(`gateway_ejected_members{service="${service}"}`)).toBe(0);
  }
});

test('a member that does not answer in time is left', async () => {
  const mute = await upstream((request) => request.resume());
  const proxy = await proxyTo([at('c-1', mute)], { headersTimeoutMs: 500 });
  const answer = await proxy.ask('/api/logs');
  expect(JSON.parse(answer.body.toString())).toMatchObject({ statusCode: 504, code: 'MEMBER_TIMEOUT' });
});

test('nobody there is a 503 with a reason and a hint when to come back', async () => {
  const proxy = await proxyTo([dead('c-1')]);
  for (const [method, what] of [['GET', 'none of the 1 members'], ['POST', "no member of the service 'producer'"]] as const) {
    const answer = await proxy.ask('/api/logs', { method });
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(errorBodySchema.parse(JSON.parse(answer.body.toString()))).toMatchObject({ code: 'NO_MEMBER', message: expect.stringContaining(what) });
  }
});

test('A4: a member that is DOWN, SUSPECT or LEAVING gets nothing while a routable one is there', async () => {
  const [bad, good] = [await upstream(says('bad')), await upstream(says('good'))];
  const proxy = await proxyTo([at('a', bad, { status: 'DOWN' }), at('b', bad, { status: 'SUSPECT' }), at('c', bad, { status: 'LEAVING' }), at('d', good, { status: 'DEGRADED', healthScore: 1 })]);
  for (let n = 0; n < 30; n++) expect((await proxy.ask('/api/logs')).body.toString()).toBe('good');
  proxy.proxy.update([at('a', bad, { status: 'DOWN' }), at('b', bad, { status: 'SUSPECT' })], []);
  expect((await proxy.ask('/api/logs')).headers).toMatchObject({ 'x-muster-node': 'b', 'x-muster-tier': 'suspect' });
});

test('a restarted member at a new address is used there, and requests on the old one end in peace', async () => {
  let finish: () => void = () => {};
  const old = await upstream((_, response) => {
    response.write('begun ');
    finish = () => response.end('and ended');
  });
  const renewed = await upstream(says('new'));
  const proxy = await proxyTo([at('c-1', old)]);
  const first = proxy.ask('/api/logs');
  await until('it is under way', () => old.requestCount === 1);
  proxy.proxy.update([at('c-1', renewed, { incarnation: 2 })], []);
  expect((await proxy.ask('/api/logs')).body.toString()).toBe('new');
  finish();
  expect((await first).body.toString()).toBe('begun and ended');
});

test('more requests than allowed are refused at once, not collected', async () => {
  const slow = await upstream(() => {});
  const proxy = await proxyTo([at('c-1', slow)], { inflightMax: 2 });
  const held = [proxy.ask('/api/logs'), proxy.ask('/api/logs')].map((one) => one.catch(() => null));
  await until('two are under way', () => slow.requestCount === 2);
  const answer = await proxy.ask('/api/logs');
  expect(JSON.parse(answer.body.toString())).toMatchObject({ statusCode: 503, code: 'GATEWAY_OVERLOADED' });
  await slow.kill();
  await Promise.all(held);
  await until('both are done', async () => (await proxy.metric('gateway_requests_inflight')) === 0);
});

test('what is not ours is left alone, and what is wrong is said', async () => {
  const proxy = await proxyTo([]);
  expect((await proxy.ask('/cluster/status')).status).toBe(404);
  expect((await proxy.ask('/api/logs', { method: 'DELETE' })).headers['allow']).toBe('GET, HEAD, POST');
  expect(JSON.parse((await proxy.ask('/api/logs/../stats')).body.toString())).toMatchObject({ code: 'PATH_AMBIGUOUS' });
});

test('a request with both a length and chunks, the stuff of smuggling, reaches no member', async () => {
  const one = await upstream(says('x'));
  const proxy = await proxyTo([at('p-1', one, { service: 'producer' })]);
  const socket = connect(proxy.port, '127.0.0.1', () => socket.write('POST /api/logs HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'));
  let text = '';
  socket.on('data', (data) => (text += data.toString()));
  await until('it is refused', () => text.startsWith('HTTP/1.1 400'));
  expect(one.requestCount).toBe(0);
  socket.destroy();
});

test('HEAD, empty answers and empty posts go through', async () => {
  const one = await upstream((request, response) => {
    request.resume();
    response.writeHead(request.method === 'POST' ? 204 : 200, request.method === 'HEAD' ? { 'Content-Length': '1234' } : {}).end();
  });
  const proxy = await proxyTo([at('c-1', one), at('p-1', one, { service: 'producer' })]);
  expect((await proxy.ask('/api/logs', { method: 'HEAD' })).headers['content-length']).toBe('1234');
  expect((await proxy.ask('/api/logs', { method: 'POST', headers: { 'content-length': '0' } })).status).toBe(204);
});
