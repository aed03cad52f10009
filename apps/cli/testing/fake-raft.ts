/** Coordinators that answer HTTP as a test says: what they say of their group, and what they were asked to change. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RaftPeer, RaftStatus } from '@muster/contracts';
import { freePort } from '@muster/testing';

export interface Change {
  readonly by: string;
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly body: unknown;
}

export class FakeRaft {
  readonly changes: Change[] = [];
  readonly urls: string[] = [];
  /** What a change is answered with. */
  answer: (change: Change) => readonly [number, object] = () => [200, this.status('c1')];
  /** What differs from a healthy group, by node id. */
  readonly says = new Map<string, Partial<RaftStatus>>();
  private readonly servers: Server[] = [];

  /** c1 leads. */
  static async start(count = 3): Promise<FakeRaft> {
    const raft = new FakeRaft();
    for (let at = 1; at <= count; at++) await raft.listen(`c${at}`);
    return raft;
  }

  status(nodeId: string): RaftStatus {
    const peers = this.urls.map((httpUrl, at): RaftPeer => ({ nodeId: `c${at + 1}`, storeId: `${at + 1}0000000-0000-4000-8000-000000000000`, httpUrl, raftUrl: `raft://127.0.0.1:708${at}`, voter: true, matchIndex: nodeId === 'c1' ? 100 : null, silentMs: `c${at + 1}` === nodeId ? null : 20, rttMs: nodeId === 'c1' && at > 0 ? 0.42 : null }));
    return { cluster: 'muster', nodeId, storeId: peers[0]?.storeId ?? '', clusterId: 'f0000000-0000-4000-8000-000000000000', state: nodeId === 'c1' ? 'leader' : 'follower', detail: '', term: 7, leaderId: 'c1', commitIndex: 100, appliedIndex: 100, lastIndex: 100, snapshotIndex: 60, hasQuorum: true, contactAgeMs: 12, peers, ...this.says.get(nodeId) };
  }

  /** All of them are members of one cluster, whatever groups they are in. */
  cluster(): object {
    const membership = Object.fromEntries(this.urls.map((httpUrl, at) => [`c${at + 1}`, { service: 'coordinator', status: 'HEALTHY', httpUrl }]));
    return { totalNodes: this.urls.length, healthyNodes: this.urls.length, hasQuorum: true, membership };
  }

  /** Ends that coordinator, as a crash would. */
  async end(nodeId: string): Promise<void> {
    const server = this.servers[Number(nodeId.slice(1)) - 1];
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve) ?? resolve(null));
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((_, at) => this.end(`c${at + 1}`)));
  }

  private async listen(nodeId: string): Promise<void> {
    const server = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        const [status, answer] = this.respond(nodeId, request, body);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      });
    });
    // One that ended is asked as well: nobody else may take its port.
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    this.servers.push(server);
    this.urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  private respond(nodeId: string, { method = '', url = '', headers }: IncomingMessage, body: unknown): readonly [number, object] {
    if (method === 'GET' && url === '/raft/status') return [200, this.status(nodeId)];
    if (method === 'GET' && url === '/cluster/status') return [200, this.cluster()];
    if (url.startsWith('/raft/introduction')) return [200, { ...this.status(nodeId), nodeId, httpUrl: this.urls[Number(nodeId.slice(1)) - 1], raftUrl: 'raft://127.0.0.1:7081' }];
    const change = { by: nodeId, method, path: url, token: headers.authorization, body };
    this.changes.push(change);
    return this.answer(change);
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
