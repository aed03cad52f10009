/** What other coordinators say over HTTP, and what is not believed. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NONCE_HEADER, SIGNATURE_HEADER } from '@muster/contracts';
import { eventually, freePort } from '@muster/testing';
import { Introductions } from './introductions.js';
import { isSigned, signatureOf } from './signature.js';

const servers: Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((done) => (server.closeAllConnections(), server.close(done))))));

const secret = 'the secret of all';
const member = { cluster: 'test', nodeId: 'a', storeId: '7b0f7d4e-5c9b-4b57-9b53-0d5a52f6c1aa', httpUrl: 'http://a:1', raftUrl: 'raft://a:2' };
const body = JSON.stringify({ ...member, clusterId: null, expect: 3, promise: null, leaderId: null, leaderHttpUrl: null });
const calm = new AbortController().signal;

async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const saying = (text: string, sign: (nonce: string) => string): Promise<string> =>
  listen((request, response) => response.writeHead(200, { [SIGNATURE_HEADER]: sign(new URL(request.url ?? '', 'http://x').searchParams.get('nonce') ?? '') }).end(text));
const asked = async (...addresses: string[]) => {
  const ask = () => new Introductions(secret, () => Promise.resolve(addresses)).ask(calm);
  // Again when this machine stood still for longer than an answer may take.
  const { introductions, troubles } = await eventually('answers in time', ask, (found) => ![...found.troubles.values()].some((text) => text.includes('timeout')));
  return { names: introductions.map(({ nodeId }) => nodeId), troubles: [...troubles.values()] };
};

test('one that signs what we asked is believed, and counted once under two addresses', async () => {
  const [one, two] = await Promise.all([saying(body, (nonce) => signatureOf(secret, 'introduction', nonce, body)), saying(body, (nonce) => signatureOf(secret, 'introduction', nonce, body))]);
  expect(await asked(one, two)).toEqual({ names: ['a'], troubles: [] });
});

test('an old answer, one of another purpose, of another secret and one that was changed are not believed', async () => {
  const changed = body.replace('"a"', '"b"');
  const liars = await Promise.all([
    saying(body, () => signatureOf(secret, 'introduction', 'an older nonce', body)),
    saying(body, (nonce) => signatureOf(secret, 'join', nonce, body)),
    saying(body, (nonce) => signatureOf('another secret', 'introduction', nonce, body)),
    saying(changed, (nonce) => signatureOf(secret, 'introduction', nonce, body)),
    saying(body, () => ''),
  ]);
  expect(await asked(...liars)).toEqual({ names: [], troubles: liars.map(() => 'it does not know the secret of the cluster: give all coordinators the same cluster.secret') });
});

test('endless answers, refusals and hosts that are not there are troubles in words', async () => {
  const endless = await saying('x'.repeat(70_000), () => '');
  const refusing = await listen((_, response) => response.writeHead(503).end(JSON.stringify({ message: 'it starts' })));
  const { names, troubles } = await asked(endless, refusing, `http://127.0.0.1:${await freePort()}`);
  expect(names).toEqual([]);
  expect(troubles).toEqual(expect.arrayContaining(['its answer exceeds 65536 bytes', 'it starts', expect.stringContaining('ECONNREFUSED')]));
});

test('a discovery that fails is a trouble, not an end', async () => {
  const { troubles } = await new Introductions(secret, () => Promise.reject(new Error('no DNS'))).ask(calm);
  expect([...troubles]).toEqual([['discovery', 'no DNS']]);
});

test('a wish to join is signed over a nonce of the other side, another one each time, and its answer tells welcome, never and later apart', async () => {
  const bodies: string[] = [];
  let status = 200;
  let given = 0;
  const url = await listen((request, response) => {
    if (request.url === '/raft/join-nonce') {
      given += 1;
      response.writeHead(200).end(JSON.stringify({ nonce: `nonce-of-${given}-0123456` }));
      return;
    }
    request.on('data', (piece: Buffer) => {
      const text = piece.toString('utf8');
      const nonce = `nonce-of-${given}-0123456`;
      if (request.headers[NONCE_HEADER] === nonce && isSigned(String(request.headers[SIGNATURE_HEADER]), secret, 'join', nonce, text)) bodies.push(text);
      response.writeHead(status).end(status === 200 ? JSON.stringify({ clusterId: member.storeId, peers: [] }) : JSON.stringify({ message: 'because' }));
    });
  });
  const join = () => new Introductions(secret, () => Promise.resolve([])).join(url, member, calm);
  expect(await join()).toEqual({ kind: 'welcome', answer: { clusterId: member.storeId, peers: [] } });
  status = 409;
  expect(await join()).toEqual({ kind: 'refused', reason: 'because' });
  status = 503;
  expect(await join()).toEqual({ kind: 'later', reason: 'because' });
  expect(bodies).toEqual([JSON.stringify(member), JSON.stringify(member), JSON.stringify(member)]);
});

test('nobody is told that he wants to join before he has given a nonce that is one', async () => {
  const paths: string[] = [];
  const answers = ['{}', '{"nonce":"of another form, with blanks"}', 'x'.repeat(70_000)];
  const url = await listen((request, response) => {
    paths.push(request.url ?? '');
    response.writeHead(200).end(answers.shift());
  });
  const join = () => new Introductions(secret, () => Promise.resolve([])).join(url, member, calm);
  expect([await join(), await join(), await join()].map(({ kind }) => kind)).toEqual(['later', 'later', 'later']);
  expect(paths).toEqual(['/raft/join-nonce', '/raft/join-nonce', '/raft/join-nonce']);
  const starting = await listen((_, response) => response.writeHead(503).end(JSON.stringify({ message: "'b' leads" })));
  expect(await new Introductions(secret, () => Promise.resolve([])).join(starting, member, calm)).toEqual({ kind: 'later', reason: "'b' leads" });
});
