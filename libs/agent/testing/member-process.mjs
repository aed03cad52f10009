/**
 * A member in a process of its own, from the last build: beats, answers HTTP, and does what it is told on standard input
 * (`block <ms>`, `block-before-beat <ms>`, `leave`, `kill-worker`, `bus fails|takes`). Tells on standard output what happened, one JSON line each.
 */
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Agent } from '@muster/agent';

const { coordinators, worker, intervalMs } = JSON.parse(process.argv[2]);
const say = (facts) => process.stdout.write(`${JSON.stringify(facts)}\n`);
const log = (level) => (facts, message) => say({ kind: 'log', level, message, facts: String(facts.err ?? '') });
let doesBusTake = true;
let beforeBeatMs = 0;
const bus = {
  publish: async (_topic, records) => {
    if (!doesBusTake) throw new Error('BUS_DOWN');
    const before = beforeBeatMs;
    beforeBeatMs = 0;
    if (before > 0) setTimeout(() => block(before), intervalMs - 50);
    for (const { value } of records) say({ kind: 'bus', beat: JSON.parse(Buffer.from(value).toString()) });
  },
};
const server = createServer((_, response) => response.end(JSON.stringify({ nodeId: agent.nodeId, incarnation: agent.incarnation })));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const agent = new Agent({
  nodeId: 'node-1',
  service: 'producer',
  bus,
  coordinators,
  worker,
  heartbeat: { intervalMs },
  httpUrl: `http://127.0.0.1:${server.address().port}`,
  logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
  onDrain: (isDraining, reason) => say({ kind: 'drain', isDraining, reason, agreed: agent.isDraining }),
});
await agent.start();
say({ kind: 'started', incarnation: agent.incarnation, httpUrl: `http://127.0.0.1:${server.address().port}` });

function block(forMs) {
  say({ kind: 'blocking' });
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs);
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const [order, value] = line.split(' ');
  if (order === 'block') block(Number(value));
  if (order === 'block-before-beat') beforeBeatMs = Number(value);
  if (order === 'bus') doesBusTake = value === 'takes';
  if (order === 'kill-worker') agent.engine.worker.terminate();
  if (order === 'leave') {
    await agent.leave();
    say({ kind: 'left' });
    server.close();
    process.stdin.unref();
  }
});
