/** A connection to a server that tests can cut. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '@muster/testing';

/** A way to the server that can be cut and mended. */
export class Cable {
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();
  port = 0;

  constructor(private readonly target: URL) {}

  async mend(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(Number(this.target.port || 5432), this.target.hostname);
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
      }
      near.pipe(far).pipe(near);
    });
    this.server = server;
    // Nobody else may take it while the cable is cut.
    if (this.port === 0) this.port = await freePort();
    await new Promise<void>((done) => server.listen(this.port, '127.0.0.1', done));
  }

  cut(): void {
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }
}
