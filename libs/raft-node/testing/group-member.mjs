/** A coordinator's Raft group in a process of its own, with as much HTTP as it needs; its parent tells it where the others are. From the build. */
import { createServer } from 'node:http';
import { RaftGroup } from '../dist/index.js';

const { nodeId, storePath, expect, secret, port } = JSON.parse(process.argv[2]);
const tell = (message) => process.connected && process.send(message);
let addresses = [];
let group = null;
const server = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', async () => {
    const url = new URL(request.url, 'http://door');
    try {
      if (url.pathname === '/raft/introduction') {
        const { body, signature } = group.introduce(url.searchParams.get('nonce'));
        return response.writeHead(200, { 'x-muster-signature': signature }).end(JSON.stringify(body));
      }
      if (url.pathname === '/raft/join-nonce') return response.end(JSON.stringify({ nonce: await group.joinNonce() }));
      response.end(JSON.stringify(await group.join(JSON.parse(Buffer.concat(pieces).toString()), request.headers['x-muster-nonce'] ?? '')));
    } catch (error) {
      response.writeHead(error.code === 'refused' ? 409 : 503).end(JSON.stringify({ message: error.message }));
    }
  });
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const httpUrl = `http://127.0.0.1:${server.address().port}`;
const silent = () => {};
const applied = [];
const machine = {
  apply: (data) => applied.push(Buffer.from(data).toString()),
  snapshot: () => Buffer.from(JSON.stringify(applied)),
  restore: (data) => void applied.splice(0, applied.length, ...JSON.parse(Buffer.from(data).toString())),
};
group = await RaftGroup.open(
  {
    nodeId,
    cluster: 'test',
    secret,
    tls: null,
    storePath,
    host: '127.0.0.1',
    port,
    advertiseHost: '127.0.0.1',
    httpUrl,
    expect,
    discover: () => Promise.resolve(addresses),
    heartbeatMs: 50,
    electionTimeoutMs: 500,
    promoteAfterMs: 300,
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    onFailed: (text) => (tell({ failed: text }), process.exit(1)),
  },
  machine,
);
process.on('message', ({ addresses: known, propose }) => {
  if (known !== undefined) addresses = known;
  if (propose !== undefined) group.propose(Buffer.from(propose), 2000).then(() => tell({ committed: propose }), silent);
});
process.on('disconnect', () => process.exit(0));
setInterval(() => tell({ status: group.status(), texts: applied.length }), 20);
tell({ httpUrl });
