/** Looks before the start whether the ports are free, so that the answer is one clear line and not a crashed service. */
import { createServer } from 'node:net';
import { getJson } from '../cluster-client/http-json.js';
import type { ProcessSpec } from './process-spec.js';

const ASK_MS_MAX = 500;

export interface TakenPort {
  readonly port: number;
  /** The process of ours that wanted it. */
  readonly wantedBy: string;
  /** The member of another cluster that answers there, if one does. */
  readonly heldByNodeId: string | null;
}

export async function takenPorts(specs: readonly ProcessSpec[]): Promise<TakenPort[]> {
  const wanted = specs.flatMap(({ ports, name }) => ports.map((port) => ({ port, name })));
  const checked = await Promise.all(
    wanted.map(async ({ port, name }): Promise<TakenPort | null> => ((await isFree(port)) ? null : { port, wantedBy: name, heldByNodeId: await nodeIdAt(port) })),
  );
  return checked.filter((taken) => taken !== null);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

async function nodeIdAt(port: number): Promise<string | null> {
  try {
    const { body } = await getJson(`http://127.0.0.1:${port}/health/live`, ASK_MS_MAX);
    return typeof body === 'object' && body !== null && 'nodeId' in body && typeof body.nodeId === 'string' ? body.nodeId : null;
  } catch {
    return null;
  }
}
