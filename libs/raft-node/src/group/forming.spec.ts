/** What of that which others said still counts when it is decided on. Who may found, formation.spec.ts asks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RaftStore } from '../store/raft-store.js';
import { Forming } from './forming.js';
import { Introductions } from './introductions.js';

let folder = '';
let server: Server;
/** The clock is so much further than it was when the test began. */
let aheadMs = 0;
/** How long it takes to answer. */
let answerMs = 0;
const hrtime = process.hrtime.bigint;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-forming-'));
  [aheadMs, answerMs] = [0, 0];
  process.hrtime.bigint = () => hrtime() + BigInt(aheadMs) * 1_000_000n;
  server = createServer((_, response) => {
    aheadMs += answerMs;
    answerMs = 0;
    response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterEach(async () => {
  process.hrtime.bigint = hrtime;
  rmSync(folder, { recursive: true, force: true });
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Rounds that one took which expects nobody else. */
async function rounds(discoverMs: number): Promise<number> {
  const store = RaftStore.open(join(mkdtempSync(join(folder, 'a-')), 'raft.db'));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const discover = (): Promise<string[]> => {
    aheadMs += discoverMs;
    return Promise.resolve([address]);
  };
  const forming = new Forming({ cluster: 'test', nodeId: 'a', storeId: store.identity.storeId, httpUrl: 'http://a:1', raftUrl: 'raft://a:2', expect: 1 }, store, new Introductions('s', discover), quiet);
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), 45_000);
  const formed = await forming.run(ending.signal);
  clearTimeout(timer);
  store.close();
  return formed === null ? Infinity : forming.counts.formationRounds;
}

test('names that take long to be looked up keep nobody from a group: what others said is as new as ever', async () => {
  expect(await rounds(10_000)).toBeLessThan(Infinity);
});

test('one that stood still while others answered decides nothing by that, and asks again', async () => {
  answerMs = 10_000;
  // Else it promises in the first, and founds in the second.
  expect(await rounds(0)).toBeGreaterThan(2);
});
