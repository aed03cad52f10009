/** One connection, over TCP or mutual TLS, as frames. */
import { connect as connectTcp, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, TLSSocket } from 'node:tls';

/** PEM texts. Both sides show a certificate of `ca`, and it names the member (subject alternative name). */
export interface TlsOptions {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export function dial(address: string, nodeId: string, tls: TlsOptions | null): Socket {
  const { host, port } = addressOf(address);
  // The certificate names the member, not the host: members may move.
  if (tls !== null) return connectTls({ host, port, ...tls, servername: nodeId, minVersion: 'TLSv1.3' });
  return connectTcp({ host, port });
}

export interface Arrivals {
  /** A connection came, of which nothing is known. */
  readonly onStranger: (connection: Socket) => void;
  /** It can be read and written now. `connection` is the same one, below TLS. */
  readonly onSocket: (socket: Socket, connection: Socket) => void;
}

export function listener(tls: TlsOptions | null, { onStranger, onSocket }: Arrivals): Server {
  if (tls === null) {
    return createTcpServer((socket) => {
      onStranger(socket);
      onSocket(socket, socket);
    });
  }
  // Two open connections never have the same.
  const byCaller = new Map<string, Socket>();
  const callerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
  const server = createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' }, (socket) => {
    const connection = byCaller.get(callerOf(socket));
    if (connection === undefined) socket.destroy();
    else onSocket(socket, connection);
  });
  return server.prependListener('connection', (connection: Socket) => {
    const caller = callerOf(connection);
    byCaller.set(caller, connection);
    connection.once('close', () => byCaller.delete(caller));
    onStranger(connection);
  });
}

/** True when the certificate of the other side, which was checked against `ca`, is one for this member; without TLS nothing is claimed. */
export function isCertifiedAs(socket: Socket, nodeId: string): boolean {
  if (!(socket instanceof TLSSocket)) return true;
  const names = socket.getPeerCertificate().subjectaltname ?? '';
  return names.split(', ').includes(`DNS:${nodeId}`);
}

export function addressOf(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`'${address}' is no address of a member: write host:port`);
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port };
}
