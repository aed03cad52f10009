/** What the coordinator's HTTP does for a group, and nothing more: introductions and joins. For tests. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NONCE_HEADER, raftJoinSchema, SIGNATURE_HEADER } from '@muster/contracts';
import { RaftUnavailable } from '../src/driver/raft-errors.js';
import type { RaftGroup } from '../src/group/raft-group.js';

export class HttpDoor {
  group: RaftGroup | null = null;
  /** Introductions that were asked for. Count. */
  asked = 0;
  /** Signed wishes to join, as whoever listens on the way has them. */
  readonly overheard: { readonly body: string; readonly headers: Record<string, string> }[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const url = new URL(request.url ?? '/', 'http://door');
        const signature = String(request.headers[SIGNATURE_HEADER] ?? '');
        const nonce = String(request.headers[NONCE_HEADER] ?? '');
        this.answer(url, Buffer.concat(pieces).toString('utf8'), signature, nonce).then(
          ({ text, headers }) => response.writeHead(200, headers).end(text),
          (error: unknown) => {
            const status = error instanceof RaftUnavailable && error.code === 'refused' ? 409 : 503;
            response.writeHead(status).end(JSON.stringify({ message: error instanceof Error ? error.message : String(error) }));
          },
        );
      });
    });
  }

  static async open(): Promise<HttpDoor> {
    const door = new HttpDoor();
    await new Promise<void>((done) => door.server.listen(0, '127.0.0.1', done));
    return door;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async answer(url: URL, body: string, signature: string, nonce: string): Promise<{ readonly text: string; readonly headers: Record<string, string> }> {
    const { group } = this;
    if (group === null) throw new Error('nobody is here');
    if (url.pathname === '/raft/introduction') {
      this.asked += 1;
      const introduced = group.introduce(url.searchParams.get('nonce') ?? '');
      return { text: JSON.stringify(introduced.body), headers: { [SIGNATURE_HEADER]: introduced.signature } };
    }
    if (url.pathname === '/raft/join-nonce') return { text: JSON.stringify({ nonce: await group.joinNonce() }), headers: {} };
    if (!group.verify(signature, nonce, body)) throw new RaftUnavailable('refused', 'it is not signed with the secret of the cluster');
    this.overheard.push({ body, headers: { [SIGNATURE_HEADER]: signature, [NONCE_HEADER]: nonce } });
    return { text: JSON.stringify(await group.join(raftJoinSchema.parse(JSON.parse(body)), nonce)), headers: {} };
  }
}
