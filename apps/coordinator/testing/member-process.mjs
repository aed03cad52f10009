/**
 * A member in a process of its own, from the last build, with an agent as every service has it: its bus is standard output, one beat a
 * line. On standard input it is told to stand still (`block <ms>`), and that its bus is gone (`lose-bus`).
 */
import { createInterface } from 'node:readline';
import { createServer } from 'node:http';
import { Agent } from '@muster/agent';

const { nodeId, coordinators, intervalMs } = JSON.parse(process.argv[2]);
const say = (facts) => process.stdout.write(`${JSON.stringify(facts)}\n`);
let isBusLost = false;
const bus = {
  publish: async (_, records) => {
    if (isBusLost) throw new Error('BUS_DOWN');
    for (const { value } of records) say({ kind: 'beat', text: Buffer.from(value).toString() });
  },
};
const server = createServer((_, response) => response.end(JSON.stringify({ nodeId, incarnation: agent.incarnation })));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const agent = new Agent({
  nodeId,
  service: 'producer',
  bus,
  coordinators,
  heartbeat: { intervalMs },
  httpUrl: `http://127.0.0.1:${server.address().port}`,
  onDrain: (isDraining, reason) => say({ kind: 'drain', isDraining, reason }),
});
await agent.start();

createInterface({ input: process.stdin }).on('line', (line) => {
  const [order, value] = line.split(' ');
  if (order === 'lose-bus') isBusLost = true;
  const endMs = performance.now() + (order === 'block' ? Number(value) : 0);
  while (performance.now() < endMs);
});
