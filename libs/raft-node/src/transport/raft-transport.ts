/**
 * Messages between the members of a group: one connection per direction and peer.
 *
 * Decides who may talk (see `handshake.ts`) and where each peer is; what is said is the business of the core. Addresses are announced with
 * every connection, so that of a group that has moved as a whole one known address is enough.
 */
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Message, PeerId } from '@muster/raft';
import { isCertifiedAs, listener, type TlsOptions } from './channel.js';
import { FrameReader, frameOf } from './frames.js';
import { type Admits, Callee, decodeHandshake, encodeHandshake, HANDSHAKE_BYTES_MAX, HandshakeRefused, type Identity, type Own } from './handshake.js';
import { decodeMessage } from './message-codec.js';
import { PeerLink } from './peer-link.js';
import { Strangers } from './strangers.js';

export interface TransportOptions {
  readonly identity: Omit<Identity, 'address'>;
  readonly secret: string;
  readonly tls: TlsOptions | null;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** How others reach us; null for `host` and the port that is listened on. */
  readonly advertise: string | null;
  readonly admits: Admits;
  readonly onMessage: (message: Message) => void;
  readonly onGone: (peer: PeerId) => void;
  /** A peer said where it listens. */
  readonly onAddress: (peer: PeerId, address: string) => void;
  readonly onTrouble: (text: string) => void;
}

export interface TransportCounters {
  sent: number;
  received: number;
  dropped: number;
  refused: number;
  /** Callers that were turned away before they said who they are, because others came. */
  crowdedOut: number;
}

/** Connections of callers that are known. Count. */
const INCOMING_MAX = 64;
/** Connections of callers that are not, yet. Count. */
const STRANGERS_MAX = 64;
const HANDSHAKE_MS_MAX = 3000;

export class RaftTransport {
  private readonly links = new Map<PeerId, PeerLink>();
  /** Who calls, where that is proven. */
  private readonly incoming = new Map<Socket, Identity>();
  /** Connections of those of whom it is not. */
  private readonly strangers = new Strangers<Socket>(STRANGERS_MAX);
  /** Hosts of these refuse connections. */
  private readonly refusing = new Set<PeerId>();
  private readonly server: Server;
  private own: Own | null = null;
  private readonly counted = { sent: 0, received: 0, droppedBefore: 0, refused: 0, crowdedOut: 0 };

  constructor(private readonly options: TransportOptions) {
    this.server = listener(options.tls, { onStranger: (connection) => this.meet(connection), onSocket: (socket, connection) => this.accept(socket, connection) });
    // A peer with a wrong certificate, or a port scan.
    this.server.on('tlsClientError', (error: Error) => this.refuse(`a caller was refused: ${error.message}`));
  }

  /** Where others reach us from now on. */
  async listen(): Promise<string> {
    const { host, port, advertise, identity, secret, admits } = this.options;
    await new Promise<void>((done, failed) => {
      this.server.once('error', failed);
      this.server.listen({ host, port }, () => done());
    });
    const address = advertise ?? `${host}:${(this.server.address() as AddressInfo).port}`;
    this.own = { identity: { ...identity, address }, secret, admits };
    return address;
  }

  /** Those to talk to and where they are; others are forgotten. Who is not admitted any more loses the connections that he has. */
  setPeers(addresses: ReadonlyMap<PeerId, string>): void {
    for (const [peer, link] of this.links) {
      if (addresses.has(peer)) continue;
      this.counted.droppedBefore += link.queue.dropped;
      link.stop();
      this.links.delete(peer);
    }
    for (const [peer, address] of addresses) {
      if (peer === this.options.identity.nodeId) continue;
      const link = this.links.get(peer);
      if (link === undefined) this.links.set(peer, this.linkTo(peer, address));
      else link.moveTo(address);
    }
    for (const link of this.links.values()) link.admitAnew();
    for (const [socket, caller] of this.incoming) {
      const reason = this.options.admits(caller);
      if (reason !== null) this.dismiss(socket, new HandshakeRefused(reason));
    }
  }

  send(messages: readonly Message[]): void {
    for (const message of messages) {
      this.counted.sent += 1;
      this.links.get(message.to)?.send(message);
    }
  }

  counters(): TransportCounters {
    const { sent, received, droppedBefore, refused, crowdedOut } = this.counted;
    return { sent, received, refused, crowdedOut, dropped: [...this.links.values()].reduce((sum, link) => sum + link.queue.dropped, droppedBefore) };
  }

  connected(): PeerId[] {
    return [...this.links].filter(([, link]) => link.isConnected).map(([peer]) => peer);
  }

  /** At once: whoever calls from now on is refused, which tells him that we have ended. */
  stop(): void {
    for (const link of this.links.values()) link.stop();
    for (const socket of [...this.incoming.keys(), ...this.strangers.all()]) socket.destroy();
    this.server.close();
  }

  private linkTo(peer: PeerId, address: string): PeerLink {
    if (this.own === null) throw new Error('a transport calls nobody before it listens');
    const { tls, onTrouble } = this.options;
    const onGone = (): void => {
      this.refusing.add(peer);
      this.tellGone(peer);
    };
    return new PeerLink(peer, address, this.own, tls, { onGone, onState: () => this.refusing.delete(peer), onTrouble });
  }

  /** One that still calls us has not ended: we only have a wrong address. */
  private tellGone(peer: PeerId): void {
    if (this.refusing.has(peer) && ![...this.incoming.values()].some((caller) => caller.nodeId === peer)) this.options.onGone(peer);
  }

  /** It has so long to say who it is, and less when many come. */
  private meet(connection: Socket): void {
    const crowdedOut = this.strangers.came(connection, connection.remoteAddress ?? '');
    if (crowdedOut !== null) {
      this.counted.crowdedOut += 1;
      crowdedOut.destroy();
    }
    const patience = setTimeout(() => {
      if (this.strangers.all().includes(connection)) connection.destroy();
    }, HANDSHAKE_MS_MAX);
    connection.once('close', () => {
      clearTimeout(patience);
      this.strangers.left(connection);
    });
  }

  private accept(socket: Socket, connection: Socket): void {
    if (this.own === null) return void socket.destroy();
    socket.setNoDelay(true).setKeepAlive(true, 5000);
    socket.on('close', () => {
      const peer = this.incoming.get(socket)?.nodeId;
      this.incoming.delete(socket);
      if (peer !== undefined) this.tellGone(peer);
    });
    // The caller sees it as well, and calls again.
    socket.on('error', () => socket.destroy());
    const callee = new Callee(this.own);
    const reader = new FrameReader(HANDSHAKE_BYTES_MAX);
    let caller: Identity | null = null;
    let isWelcome = false;
    const take = (content: Buffer): void => {
      if (caller !== null) return this.receive(caller, content);
      if (!isWelcome) {
        socket.write(frameOf(encodeHandshake(callee.welcome(decodeHandshake(content)))));
        isWelcome = true;
        return;
      }
      caller = callee.confirmed(decodeHandshake(content));
      if (!isCertifiedAs(socket, caller.nodeId)) throw new HandshakeRefused(`its certificate is not one of '${caller.nodeId}'`);
      reader.trust();
      this.strangers.left(connection);
      this.know(socket, caller);
      socket.write(frameOf(encodeHandshake({ kind: 'accepted' })));
      this.met(caller);
    };
    socket.on('data', (piece: Buffer) => {
      try {
        for (const content of reader.push(piece)) take(content);
      } catch (error) {
        this.dismiss(socket, error);
      }
    });
  }

  /** A member calls once: what it had before is a connection that it has lost. */
  private know(socket: Socket, caller: Identity): void {
    const before = [...this.incoming].filter(([, { nodeId }]) => nodeId === caller.nodeId);
    if (before.length === 0 && this.incoming.size >= INCOMING_MAX) throw new HandshakeRefused(`${INCOMING_MAX} members are connected to '${this.options.identity.nodeId}' already: remove those that are gone`);
    this.incoming.set(socket, caller);
    for (const [lost] of before) lost.destroy();
  }

  /** Tells why, and hears no more. */
  private dismiss(socket: Socket, error: unknown): void {
    this.incoming.delete(socket);
    socket.removeAllListeners('data').resume();
    this.refuse(`a caller from ${socket.remoteAddress ?? 'somewhere'} was refused: ${error instanceof Error ? error.message : String(error)}`);
    const reason = error instanceof HandshakeRefused ? error.message : 'it does not speak Raft';
    if (socket.destroyed) return;
    socket.end(frameOf(encodeHandshake({ kind: 'refused', reason })));
    setTimeout(() => socket.destroy(), HANDSHAKE_MS_MAX).unref();
  }

  private met({ nodeId, address }: Identity): void {
    const link = this.links.get(nodeId);
    if (link === undefined) return;
    link.moveTo(address);
    link.hurry();
    this.options.onAddress(nodeId, address);
  }

  private receive(caller: Identity, content: Buffer): void {
    const message = decodeMessage(content);
    // Each speaks for itself only.
    if (message.from !== caller.nodeId || message.to !== this.options.identity.nodeId) throw new HandshakeRefused(`'${caller.nodeId}' sent a message from '${message.from}' to '${message.to}'`);
    this.counted.received += 1;
    this.options.onMessage(message);
  }

  private refuse(text: string): void {
    this.counted.refused += 1;
    this.options.onTrouble(text);
  }
}
