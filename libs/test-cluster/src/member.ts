/**
 * A member that does nothing but be one, as a program of its own: `node member.js`, told over IPC when to join and when to stand still.
 *
 * Small, so that dozens of them fit beside each other and fifty trials take minutes.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from '@muster/agent';
import { createMessageBus } from '@muster/messaging';
import { z } from 'zod';

export const orderSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('join'), nodeId: z.string(), address: z.string(), busUrl: z.string(), coordinators: z.array(z.string()), intervalMs: z.number(), zone: z.string() }),
  /** Freezes the main loop, as synchronous work does. */
  z.object({ kind: z.literal('block'), forMs: z.number() }),
]);
export type Order = z.infer<typeof orderSchema>;
export type Join = Extract<Order, { kind: 'join' }>;

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function join(order: Join): Promise<void> {
  const { nodeId, address, busUrl, coordinators, intervalMs, zone } = order;
  let incarnation = 0;
  const server = createServer((_, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ status: 'ok', service: 'node', nodeId, incarnation })));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({
    nodeId,
    service: 'node',
    zone,
    httpUrl: `http://${address}:${port}`,
    bus: createMessageBus(busUrl, { clientId: nodeId, logger: silent }),
    coordinators,
    heartbeat: { intervalMs },
    onIncarnation: (one) => (incarnation = one),
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
process.send?.('here');
