/** One member of a Raft group in a process of its own, as a coordinator runs it, driven over IPC. It keeps a count of what was applied. */
import { dirname } from 'node:path';
import { RaftNode } from '@muster/raft-node';
import { syncs } from './disk.js';

/** What the benchmark asks; each is answered with its id. */
export type Order =
  | { readonly id: number; readonly kind: 'propose'; readonly bytes: number; readonly timeoutMs: number }
  | { readonly id: number; readonly kind: 'many'; readonly bytes: number; readonly count: number; readonly lanes: number }
  | { readonly id: number; readonly kind: 'paced'; readonly bytes: number; readonly count: number; readonly perSecond: number }
  | { readonly id: number; readonly kind: 'syncs'; readonly count: number }
  | { readonly id: number; readonly kind: 'transfer'; readonly to: string; readonly timeoutMs: number }
  | { readonly id: number; readonly kind: 'follows' }
  | { readonly id: number; readonly kind: 'peers'; readonly addresses: Readonly<Record<string, string>> };

export type Said = { readonly started: string } | { readonly role: string; readonly term: number } | { readonly failed: string } | { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

let applied = 0;
const machine = { apply: () => (applied += 1), snapshot: () => Buffer.from(String(applied)), restore: (data: Uint8Array) => (applied = Number(Buffer.from(data).toString())) };
const tell = (said: Said): void => {
  if (process.connected) process.send?.(said);
};
const end = (text: string): never => {
  tell({ failed: text });
  process.exit(1);
};

const setup = JSON.parse(process.argv[2] ?? '') as { readonly nodeId: string; readonly storePath: string; readonly voters: readonly string[]; readonly addresses: Readonly<Record<string, string>> };
const peersOf = (addresses: Readonly<Record<string, string>>): Parameters<RaftNode['setPeers']>[0] => ({ peers: Object.entries(addresses).map(([nodeId, address]) => ({ nodeId, address, storeId: null })), removedStoreIds: [] });
const { nodeId, storePath, voters } = setup;
const node = await RaftNode.start(
  { nodeId, storePath, clusterId: 'bench', secret: 'bench', host: '127.0.0.1', port: 0, peers: peersOf(setup.addresses), found: { voters, outgoing: [], learners: [] }, onRole: ({ role, term }) => tell({ role, term }), onFailed: end },
  machine,
).catch((error: unknown) => end(String(error)));

/** So many proposals, so many at once; milliseconds each. */
async function many(count: number, lanes: number, data: Uint8Array): Promise<{ readonly tookMs: number; readonly samples: readonly number[] }> {
  const samples: number[] = [];
  let begun = 0;
  const startedMs = performance.now();
  const lane = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      const sinceMs = performance.now();
      await node.propose(data, 30_000);
      samples.push(performance.now() - sinceMs);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { tookMs: performance.now() - startedMs, samples };
}

/** So many proposals at a steady rate, whether or not those before are answered; milliseconds each, and by how much each was proposed too late. */
async function paced(count: number, perSecond: number, data: Uint8Array): Promise<{ readonly tookMs: number; readonly samples: readonly number[]; readonly lateMs: readonly number[] }> {
  const samples: number[] = [];
  const lateMs: number[] = [];
  const answers: Promise<void>[] = [];
  const startedMs = performance.now();
  const one = async (sinceMs: number): Promise<void> => {
    await node.propose(data, 30_000);
    samples.push(performance.now() - sinceMs);
  };
  await new Promise<void>((done) => {
    const timer = setInterval(() => {
      const nowMs = performance.now();
      const due = Math.min(count, Math.floor(((nowMs - startedMs) * perSecond) / 1000));
      for (let begun = answers.length; begun < due; begun++) {
        lateMs.push(nowMs - startedMs - ((begun + 1) * 1000) / perSecond);
        answers.push(one(nowMs));
      }
      if (due < count) return;
      clearInterval(timer);
      done();
    }, 1);
  });
  await Promise.all(answers);
  return { tookMs: performance.now() - startedMs, samples, lateMs };
}

function obey(order: Order): Promise<unknown> {
  switch (order.kind) {
    case 'propose':
      return node.propose(new Uint8Array(order.bytes), order.timeoutMs);
    case 'many':
      return many(order.count, order.lanes, new Uint8Array(order.bytes));
    case 'paced':
      return paced(order.count, order.perSecond, new Uint8Array(order.bytes));
    case 'syncs':
      return Promise.resolve(syncs(dirname(storePath), order.count));
    case 'transfer':
      return node.transfer(order.to, order.timeoutMs);
    case 'follows':
      return node.status().then(({ role, peers }) => role === 'leader' && peers.length === voters.length - 1 && peers.every(({ state, match }) => state === 'replicate' && match > 0));
    case 'peers':
      node.setPeers(peersOf(order.addresses));
      return Promise.resolve();
  }
}

process.on('message', (order: Order) => {
  obey(order).then(
    (value) => tell({ id: order.id, value }),
    (error: unknown) => tell({ id: order.id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
tell({ started: node.address });
