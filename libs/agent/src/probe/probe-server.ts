/**
 * Answers whoever asks "are you there" with who is, on one line, beside the main loop.
 *
 * Reads nothing and closes at once, so that it costs little whoever comes.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface ProbeServerOptions {
  /** Address to listen on. */
  readonly host: string;
  /** Name under which others reach it. */
  readonly advertiseHost: string;
  /** Port to take if it is free; 0 takes any. */
  readonly port: number;
  readonly answer: () => string;
  readonly onServed: () => void;
}

/** Askers that are waited for until they close. Beyond it the one that was answered longest ago is let go, so that the next is answered too. Count. */
const CONNECTIONS_MAX = 64;
/** Time after which an asker that does not close is let go, whatever it says. Milliseconds. */
const LINGER_MS_MAX = 1000;

export class ProbeServer {
  private constructor(
    private readonly server: Server,
    private readonly advertiseHost: string,
    private readonly answered: Set<Socket>,
  ) {}

  /** Rejects when it cannot listen at all; a port that is taken is replaced by any other. */
  static async listen(options: ProbeServerOptions): Promise<ProbeServer> {
    try {
      return await ProbeServer.listenAt(options, options.port);
    } catch (error) {
      if (options.port === 0) throw error;
      return ProbeServer.listenAt(options, 0);
    }
  }

  private static async listenAt(options: ProbeServerOptions, port: number): Promise<ProbeServer> {
    const answered = new Set<Socket>();
    const server = createServer((socket) => {
      serve(socket, options);
      answered.add(socket);
      socket.on('close', () => answered.delete(socket));
      const [oldest] = answered;
      if (answered.size > CONNECTIONS_MAX) oldest?.destroy();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, options.host, resolve);
    });
    server.removeAllListeners('error');
    // Out of descriptors, for example: those who ask find it silent, and the agent goes on.
    server.on('error', () => {});
    return new ProbeServer(server, options.advertiseHost, answered);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    const host = this.advertiseHost.includes(':') && !this.advertiseHost.startsWith('[') ? `[${this.advertiseHost}]` : this.advertiseHost;
    return `tcp://${host}:${this.port}`;
  }

  close(): void {
    this.server.close();
    for (const socket of this.answered) socket.destroy();
  }
}

function serve(socket: Socket, { answer, onServed }: ProbeServerOptions): void {
  const limit = setTimeout(() => socket.destroy(), LINGER_MS_MAX);
  socket.on('close', () => clearTimeout(limit));
  // An asker that resets the connection has what it came for, or does not want it.
  socket.on('error', () => socket.destroy());
  socket.resume();
  socket.end(`${answer()}\n`);
  onServed();
}
