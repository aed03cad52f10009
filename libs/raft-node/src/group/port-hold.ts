/**
 * Holds the Raft port while there is no group yet: what we announce must be ours, and one that is taken shows at the start. Whoever calls
 * meanwhile is hung up on.
 */
import { type AddressInfo, createServer, type Server } from 'node:net';

export class PortHold {
  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async take(host: string, port: number): Promise<PortHold> {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((done, failed) => {
      server.once('error', failed);
      server.listen({ host, port }, done);
    });
    return new PortHold(server, (server.address() as AddressInfo).port);
  }

  /** More than once does no harm. */
  async release(): Promise<void> {
    if (this.server.listening) await new Promise((done) => this.server.close(done));
  }
}
