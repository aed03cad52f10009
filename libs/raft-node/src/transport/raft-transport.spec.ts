/** Members on loopback: messages arrive, strangers do not, and an end is noticed. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Message } from '@muster/raft';
import { freePort, until } from '@muster/testing';
import type { TlsOptions } from './channel.js';
import { RaftTransport, type TransportOptions } from './raft-transport.js';

interface Member {
  readonly transport: RaftTransport;
  readonly address: string;
  readonly heard: Message[];
  readonly gone: string[];
  readonly troubles: string[];
  readonly moved: string[];
}

/** Of these members alone: an address that one of them left may be that of another suite's member by now. */
const SECRET = randomUUID();
const members: Member[] = [];
afterEach(() => {
  for (const { transport } of members.splice(0)) transport.stop();
});

const pem = (name: string): string => readFileSync(new URL(`../../testing/certificates/${name}`, import.meta.url), 'utf8');
const tlsOf = (name: string): TlsOptions => ({ cert: pem(`${name}.pem`), key: pem(`${name}.key`), ca: pem('ca.pem') });
const heartbeat = (from: string, to: string, round: number): Message => ({ kind: 'heartbeat', from, to, term: 1, commit: 0, round });

async function member(nodeId: string, more: Partial<TransportOptions> = {}): Promise<Member> {
  const [heard, gone, troubles, moved]: [Message[], string[], string[], string[]] = [[], [], [], []];
  const transport = new RaftTransport({
    identity: { clusterId: 'one', nodeId, storeId: `store of ${nodeId}` },
    secret: SECRET,
    tls: null,
    host: '127.0.0.1',
    port: 0,
    advertise: null,
    admits: () => null,
    onMessage: (message) => heard.push(message),
    onGone: (peer) => gone.push(peer),
    onAddress: (_, address) => moved.push(address),
    onTrouble: (text) => troubles.push(text),
    ...more,
  });
  const made = { transport, address: await transport.listen(), heard, gone, troubles, moved };
  members.push(made);
  return made;
}

function introduce(one: Member, two: Member): void {
  one.transport.setPeers(new Map([['b', two.address]]));
  two.transport.setPeers(new Map([['a', one.address]]));
}

async function connected(...all: Member[]): Promise<void> {
  await until('all are connected', () => all.every(({ transport }) => transport.connected().length === all.length - 1));
}

test('messages arrive in both directions', async () => {
  const [a, b] = [await member('a'), await member('b')];
  introduce(a, b);
  await connected(a, b);
  a.transport.send([heartbeat('a', 'b', 1)]);
  b.transport.send([heartbeat('b', 'a', 2)]);
  await until('both heard', () => a.heard.length > 0 && b.heard.length > 0);
  expect([a.heard, b.heard]).toEqual([[heartbeat('b', 'a', 2)], [heartbeat('a', 'b', 1)]]);
});

test('over mutual TLS as well', async () => {
  const [a, b] = [await member('a', { tls: tlsOf('a') }), await member('b', { tls: tlsOf('b') })];
  introduce(a, b);
  await connected(a, b);
  a.transport.send([heartbeat('a', 'b', 1)]);
  await until('b heard', () => b.heard.length > 0);
});

test.each([
  { name: 'a certificate of another authority', tls: { cert: pem('stranger.pem'), key: pem('stranger.key'), ca: pem('ca.pem') } },
  { name: 'the certificate of another member', tls: tlsOf('b') },
  { name: 'no TLS at all', tls: null },
])('$name is refused', async ({ tls }) => {
  const [a, b] = [await member('a', { tls }), await member('b', { tls: tlsOf('b') })];
  a.transport.setPeers(new Map([['b', b.address]]));
  await until('it is refused', () => b.troubles.length > 0 && a.troubles.length > 0);
  expect(a.transport.connected()).toEqual([]);
});

test('who knows another secret hears why, and no message of his counts', async () => {
  const [a, b] = [await member('a', { secret: 'other' }), await member('b')];
  introduce(a, b);
  await until('both say so', () => a.troubles.length > 0 && b.troubles.length > 0);
  expect(a.troubles.join()).toContain('does not know the secret of the cluster');
  expect([a.transport.connected(), b.transport.connected()]).toEqual([[], []]);
});

test('who is not admitted is told the reason, and does not call again and again at once', async () => {
  const atMs: number[] = [];
  const [a, b] = [await member('a'), await member('b', { admits: () => `refused ${atMs.push(performance.now())} times` })];
  a.transport.setPeers(new Map([['b', b.address]]));
  await until('it was refused again and again', () => atMs.length >= 5);
  await until('it is told', () => a.troubles.some((text) => /refused \d times/.test(text)));
  expect((atMs[4] ?? 0) - (atMs[2] ?? 0)).toBeGreaterThan(100);
});

test('who is not admitted any more loses the connections that he has, and is told why', async () => {
  let reason: string | null = null;
  const [a, b] = [await member('a'), await member('b', { admits: () => reason })];
  introduce(a, b);
  await connected(a, b);
  reason = 'it was replaced';
  b.transport.setPeers(new Map([['a', a.address]]));
  await until('both connections are gone', () => a.transport.connected().length + b.transport.connected().length === 0);
  await until('it is told', () => a.troubles.some((text) => text.includes('it was replaced')));
  a.transport.send([heartbeat('a', 'b', 7)]);
  reason = null;
  await connected(a, b);
  a.transport.send([heartbeat('a', 'b', 8)]);
  await until('the next message arrives', () => b.heard.length > 0);
  expect(b.heard).toEqual([heartbeat('a', 'b', 8)]);
});

test('a peer whose process has ended is reported gone, and found when it is back elsewhere', async () => {
  const [a, b] = [await member('a'), await member('b', { port: await freePort() })];
  introduce(a, b);
  await connected(a, b);
  b.transport.stop();
  await until('b is gone', () => a.gone.includes('b'));
  const again = await member('b');
  expect(again.address).not.toBe(b.address);
  // Only the one that moved knows the other: it announces where it is now.
  again.transport.setPeers(new Map([['a', a.address]]));
  await until('a calls the new address', () => a.transport.connected().includes('b'));
  expect(a.moved).toContain(again.address);
});

test('a peer that calls us has not ended, though the address that it tells refuses us', async () => {
  const [a, b] = [await member('a'), await member('b', { advertise: `127.0.0.1:${await freePort()}` })];
  introduce(a, b);
  await until('b calls, and cannot be called', () => b.transport.connected().length === 1 && a.troubles.some((text) => text.includes('ECONNREFUSED')));
  a.gone.length = 0;
  // Long enough for several attempts, each of which is refused.
  const endMs = performance.now() + 500;
  await until('b was not reported', () => a.gone.length > 0 || performance.now() > endMs);
  expect(a.gone).toEqual([]);
  b.transport.stop();
  await until('b is gone', () => a.gone.includes('b'));
});

test('nobody speaks for somebody else', async () => {
  const [a, b] = [await member('a'), await member('b')];
  introduce(a, b);
  await connected(a, b);
  a.transport.send([heartbeat('c', 'b', 1)]);
  await until('it is refused', () => b.troubles.some((text) => text.includes("'a' sent a message from 'c'")));
  expect(b.heard).toEqual([]);
});

test('whoever does not speak Raft is refused and the port stays open for others', async () => {
  const [a, b] = [await member('a'), await member('b')];
  const socket = connect({ host: '127.0.0.1', port: Number(b.address.split(':')[1]) });
  socket.on('error', () => socket.destroy()).write('GET / HTTP/1.1\r\nHost: b\r\n\r\n');
  await until('it was refused', () => b.transport.counters().refused > 0);
  introduce(a, b);
  await connected(a, b);
  socket.destroy();
});

test.each([
  { name: 'TCP', tls: [null, null] },
  { name: 'TLS', tls: [tlsOf('a'), tlsOf('b')] },
] as const)('more silent sockets than there is room for keep no member out, over $name', async ({ tls }) => {
  const [a, b] = [await member('a', { tls: tls[0] }), await member('b', { tls: tls[1] })];
  const silent: Socket[] = [];
  /** Come again when those who came were so slow that silence ended them first. */
  const crowd = async (claim: string, count: number): Promise<void> => {
    const before = b.transport.counters().crowdedOut;
    await until(claim, () => {
      if (b.transport.counters().crowdedOut >= before + count) return true;
      if (silent.every(({ connecting }) => !connecting)) silent.push(...Array.from({ length: 80 }, () => connect({ host: '127.0.0.1', port: Number(b.address.split(':')[1]) }).on('error', () => {})));
      return false;
    });
  };
  await crowd('the oldest had to go', 16);
  introduce(a, b);
  await connected(a, b);
  // Whoever is known is no stranger: others may come and stay silent.
  await crowd('more had to go', 80);
  a.transport.send([heartbeat('a', 'b', 5)]);
  await until('b heard', () => b.heard.length > 0);
  for (const socket of silent) socket.destroy();
});

test('silent sockets are closed by and by though nobody else comes', async () => {
  const b = await member('b');
  let isClosed = false;
  connect({ host: '127.0.0.1', port: Number(b.address.split(':')[1]) }).on('close', () => (isClosed = true)).resume();
  await until('it is closed', () => isClosed);
});

test('a member that calls anew loses the connection that it had', async () => {
  const [one, two, b] = [await member('a'), await member('a'), await member('b')];
  one.transport.setPeers(new Map([['b', b.address]]));
  await until('the first is connected', () => one.transport.connected().length === 1);
  two.transport.setPeers(new Map([['b', b.address]]));
  await until('the second is connected, and the first is not', () => two.transport.connected().length === 1 && one.transport.connected().length === 0);
  one.transport.setPeers(new Map());
  await until('b hears the second', () => {
    two.transport.send([heartbeat('a', 'b', 3)]);
    return b.heard.length > 0;
  });
});

test('a heartbeat overtakes large appends that have not left yet', async () => {
  const [a, b] = [await member('a'), await member('b')];
  introduce(a, b);
  await connected(a, b);
  const entries = [{ kind: 'command' as const, index: 2, term: 1, data: new Uint8Array(512 * 1024) }];
  for (let count = 0; count < 15; count++) a.transport.send([{ kind: 'append', from: 'a', to: 'b', term: 1, prevIndex: 1, prevTerm: 1, entries, commit: 1 }]);
  a.transport.send([heartbeat('a', 'b', 9)]);
  await until('all arrived', () => b.heard.length === 16);
  expect(b.heard.findIndex(({ kind }) => kind === 'heartbeat')).toBeLessThan(14);
});
