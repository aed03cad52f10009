/**
 * Asks a node that fell silent whether it is there. Says what was seen; decides nothing.
 *
 * `refused`: the host answered that nobody listens, or somebody else does: proof that this process is gone.
 * `silent`: nothing came, which proves nothing.
 */
import { get } from 'node:http';
import type { ProbeResult } from '@muster/evidence';
import { z } from 'zod';

export interface ProbeTarget {
  readonly nodeId: string;
  readonly incarnation: number;
  readonly httpUrl: string;
}

export type Probe = (target: ProbeTarget) => Promise<ProbeResult>;

/** Time for the whole probe. Milliseconds. */
const PROBE_MS_MAX = 1000;
/** Largest answer that is read. Bytes. */
const ANSWER_BYTES_MAX = 16_384;

const liveSchema = z.object({ nodeId: z.string(), incarnation: z.int().optional() });

export const probeHttp: Probe = (target) =>
  new Promise((resolve) => {
    let url: URL;
    try {
      url = new URL('/health/live', target.httpUrl);
    } catch {
      return resolve('silent');
    }
    // A process that uses TLS is asked by its beats alone; this probe speaks plain HTTP.
    if (url.protocol !== 'http:') return resolve('silent');
    const request = get(url, { agent: false, signal: AbortSignal.timeout(PROBE_MS_MAX) }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > ANSWER_BYTES_MAX) response.destroy();
        else chunks.push(chunk);
      });
      response.on('end', () => resolve(identified(Buffer.concat(chunks).toString('utf8'), target)));
      response.on('close', () => resolve('silent'));
      response.on('error', () => resolve('silent'));
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'silent'));
  });

/** An answer that names nobody is no proof of anything: another program may have taken the port. */
function identified(body: string, target: ProbeTarget): ProbeResult {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return 'silent';
  }
  const live = liveSchema.safeParse(json);
  if (!live.success) return 'silent';
  const { nodeId, incarnation } = live.data;
  return nodeId === target.nodeId && (incarnation === undefined || incarnation === target.incarnation) ? 'answered' : 'refused';
}
