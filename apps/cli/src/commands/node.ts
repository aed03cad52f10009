/**
 * `muster node`: a bare member. Beats and says good-bye like any service, answers health questions, and does nothing
 * else; for trying out how a cluster behaves with more members than services.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from '@muster/agent';
import { ConfigError, coordinatorSource, httpSection, loadConfig, sections } from '@muster/config';
import { createMessageBus } from '@muster/messaging';
import { z } from 'zod';
import type { CliContext } from '../context.js';
import { CliError, EXIT, type ExitCode, messageOf } from '../exit-codes.js';

const DEFAULT_PORT = 8501;
const schema = z.strictObject({
  cluster: sections.cluster,
  node: sections.node,
  bus: sections.bus,
  heartbeat: sections.heartbeat,
  http: httpSection(DEFAULT_PORT),
});

export async function runNode(context: CliContext): Promise<ExitCode> {
  const config = readConfig(context);
  const { stopRequested, terminal } = context;
  const say = (facts: object, message: string): void => terminal.print(JSON.stringify({ time: context.nowUnixMs(), ...facts, msg: message }));
  const logger = { debug: () => {}, info: say, warn: say, error: say };
  const bus = createMessageBus(config.bus.url, { clientId: config.node.id ?? 'node', logger });
  const server = await listen(config.http.host, config.http.port, () => ({ status: 'ok', service: 'node', nodeId: agent.nodeId, incarnation: agent.incarnation }));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({
    nodeId: config.node.id,
    service: 'node',
    zone: config.node.zone,
    tags: config.node.tags,
    httpUrl: `http://${config.node.advertiseHost ?? config.http.host}:${port}`,
    bus,
    coordinators: coordinatorSource(config.cluster.coordinators),
    heartbeat: config.heartbeat,
    logger,
  });
  await agent.start();
  if (!stopRequested.aborted) await new Promise<void>((resolve) => stopRequested.addEventListener('abort', () => resolve(), { once: true }));
  await agent.leave();
  server.closeAllConnections();
  server.close();
  await bus.close();
  return EXIT.ok;
}

function readConfig(context: CliContext): z.output<typeof schema> {
  try {
    return loadConfig(schema, { env: context.env });
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError(EXIT.usage, error.problems.join('\n'));
    throw error;
  }
}

/** `/health/live` says which boot of which node this is, which is what a coordinator's probe wants to know. */
async function listen(host: string, port: number, health: () => object): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const isKnown = path === '/health/live' || path === '/health/ready';
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isKnown ? health() : { statusCode: 404, code: 'NOT_FOUND', message: `a bare node answers /health/live and /health/ready, not ${path}` }));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    throw new CliError(EXIT.failed, `cannot listen on ${host}:${port}: ${messageOf(error)}; set MUSTER_HTTP_PORT to a free one`);
  }
  return server;
}
