/** A member of a Raft group in a process of its own, driven over IPC; its state is a list of texts. From the build, as in production. */
import { RaftNode } from '../dist/index.js';

const applied = [];
const machine = {
  apply: (data) => applied.push(Buffer.from(data).toString()),
  snapshot: () => Buffer.from(JSON.stringify(applied)),
  restore: (data) => void applied.splice(0, applied.length, ...JSON.parse(Buffer.from(data).toString())),
};
const tell = (message) => process.connected && process.send(message);
const node = await RaftNode.start(
  { ...JSON.parse(process.argv[2]), onRole: (role) => tell({ role, atMs: Date.now() }), onTrouble: () => {}, onFailed: (text) => (tell({ failed: text }), process.exit(1)) },
  machine,
).catch((error) => {
  tell({ failed: error.message });
  process.exit(1);
});
const calls = {
  propose: (text, timeoutMs) => node.propose(Buffer.from(text), timeoutMs),
  read: async (timeoutMs) => ({ index: await node.read(timeoutMs), texts: applied.slice() }),
  // What the last text about a key says, and how far the log was applied when it was looked up.
  get: async (key, timeoutMs) => {
    await node.read(timeoutMs);
    return { index: node.applied, value: applied.findLast((text) => text.startsWith(`${key}=`))?.slice(key.length + 1) ?? null };
  },
  transfer: (to, timeoutMs) => node.transfer(to, timeoutMs),
  change: (change, timeoutMs) => node.changeConfig(change, timeoutMs),
  status: () => node.status(),
  pulse: () => node.pulse(),
  peers: (peers) => node.setPeers(peers),
  compact: () => node.compact(),
  block: (ms) => {
    for (const endMs = performance.now() + ms; performance.now() < endMs; );
  },
};
process.on('message', ({ id, call, args }) => {
  Promise.resolve(calls[call](...args)).then(
    (value) => tell({ id, value }),
    (error) => tell({ id, error: error.message, code: error.code, leaderId: error.leaderId }),
  );
});
process.on('disconnect', () => process.exit(0));
tell({ started: { address: node.address, storeId: node.storeId } });
