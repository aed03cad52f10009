/**
 * A member that does nothing but be one, as a program of its own: `node member.js`, told over IPC when to join and when to stand still.
 *
 * Small, so that dozens of them fit beside each other and fifty trials take minutes.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from '@muster/agent';
import { createMessageBus } from '@muster/messaging';
import { type Join, orderSchema, type Word } from './member-orders.js';

const say = (word: Word): void => void process.send?.(word);
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function join(order: Join): Promise<void> {
  const { nodeId, service, address, busUrl, coordinators, intervalMs, zone } = order;
  let incarnation = 0;
  const server = createServer((_, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ status: 'ok', service, nodeId, incarnation })));
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({
    nodeId,
    service,
    zone,
    httpUrl: `http://${address}:${port}`,
    bus: createMessageBus(busUrl, { clientId: nodeId, logger: silent }),
    coordinators,
    heartbeat: { intervalMs },
    onIncarnation: (one) => (incarnation = one),
    onDrain: (isDraining, reason) => say({ kind: 'drain', isDraining, reason }),
  });
  await agent.start();
}

process.on('message', (message) => {
  const order = orderSchema.parse(message);
  if (order.kind === 'join') void join(order);
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.forMs);
});
// Its only purpose is gone.
process.on('disconnect', () => process.exit(0));
say({ kind: 'here' });
