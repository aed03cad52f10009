/**
 * How two members make sure who the other is, before a word of Raft is said. Pure: takes and gives texts; opens and closes nothing.
 *
 * hello (caller, with a nonce) -> welcome (callee, with a nonce and a proof) -> confirm (caller's proof) -> accepted. A proof is an HMAC with the secret of
 * the cluster over both identities and both nonces, and over the side that makes it: it can be neither replayed nor thrown back. It proves
 * membership; that nobody listens or changes bytes later is the business of TLS.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface Identity {
  readonly clusterId: string;
  readonly nodeId: string;
  /** Of the data directory: a member whose disk was wiped is another one. */
  readonly storeId: string;
  /** `host:port` where it listens now; it may differ from one start to the next. */
  readonly address: string;
}

export type HandshakeMessage =
  | { readonly kind: 'hello'; readonly version: number; readonly identity: Identity; /** Whom the caller wants to reach. */ readonly to: string; readonly nonce: string }
  | { readonly kind: 'welcome'; readonly identity: Identity; readonly nonce: string; readonly proof: string }
  | { readonly kind: 'confirm'; readonly proof: string }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly reason: string };

export const VERSION = 1;
/** Longer ones are no handshake. */
export const HANDSHAKE_BYTES_MAX = 4096;

export class HandshakeRefused extends Error {
  override readonly name = 'HandshakeRefused';
}

/** Reason not to talk to a member, or null; in words for its operator. */
export type Admits = (identity: Identity) => string | null;

export interface Own {
  readonly identity: Identity;
  readonly secret: string;
  readonly admits: Admits;
}

export function encodeHandshake(message: HandshakeMessage): Uint8Array {
  return Buffer.from(JSON.stringify(message));
}

export function decodeHandshake(bytes: Buffer): HandshakeMessage {
  if (bytes.byteLength > HANDSHAKE_BYTES_MAX) throw new HandshakeRefused(`a handshake of ${bytes.byteLength} bytes: is this a Raft port?`);
  return JSON.parse(bytes.toString('utf8')) as HandshakeMessage;
}

/** The side that connects. */
export class Caller {
  private hasConfirmed = false;
  /** Who answered, once that is proven. */
  callee: Identity | null = null;
  private readonly nonce = randomBytes(16).toString('hex');

  constructor(
    private readonly own: Own,
    private readonly to: string,
  ) {}

  hello(): HandshakeMessage {
    return { kind: 'hello', version: VERSION, identity: this.own.identity, to: this.to, nonce: this.nonce };
  }

  /** What to answer, or null when all is said and messages may follow. Throws `HandshakeRefused`. */
  next(message: HandshakeMessage): HandshakeMessage | null {
    if (message.kind === 'refused') throw new HandshakeRefused(message.reason);
    if (message.kind === 'accepted' && this.hasConfirmed) return null;
    if (message.kind !== 'welcome') throw new HandshakeRefused(`it answered a hello with '${message.kind}'`);
    const { identity, nonce, proof } = message;
    const parts = [this.own.identity, identity, this.nonce, nonce] as const;
    if (!isProof(proof, proofOf('callee', this.own.secret, ...parts))) throw new HandshakeRefused('it does not know the secret of the cluster: give all members the same cluster.secret');
    if (identity.nodeId !== this.to) throw new HandshakeRefused(`it is '${identity.nodeId}', not '${this.to}': correct the address`);
    const reason = hindrance(this.own, identity);
    if (reason !== null) throw new HandshakeRefused(reason);
    this.callee = identity;
    this.hasConfirmed = true;
    return { kind: 'confirm', proof: proofOf('caller', this.own.secret, ...parts) };
  }
}

/** The side that was connected to. */
export class Callee {
  private readonly nonce = randomBytes(16).toString('hex');
  private hello: Extract<HandshakeMessage, { readonly kind: 'hello' }> | null = null;

  constructor(private readonly own: Own) {}

  /** Throws `HandshakeRefused`, with words that the caller may be told. */
  welcome(message: HandshakeMessage): HandshakeMessage {
    if (message.kind !== 'hello') throw new HandshakeRefused(`a handshake begins with a hello, not with '${message.kind}'`);
    const { identity } = this.own;
    if (message.version !== VERSION) throw new HandshakeRefused(`it speaks version ${message.version}, this member version ${VERSION}: run the same build everywhere`);
    if (message.to !== identity.nodeId) throw new HandshakeRefused(`this is '${identity.nodeId}', not '${message.to}': correct the address`);
    this.hello = message;
    return { kind: 'welcome', identity, nonce: this.nonce, proof: proofOf('callee', this.own.secret, message.identity, identity, message.nonce, this.nonce) };
  }

  /** Who called, now that it is proven. Throws `HandshakeRefused`. */
  confirmed(message: HandshakeMessage): Identity {
    const { hello } = this;
    if (message.kind !== 'confirm' || hello === null) throw new HandshakeRefused(`it answered a welcome with '${message.kind}'`);
    const expected = proofOf('caller', this.own.secret, hello.identity, this.own.identity, hello.nonce, this.nonce);
    if (!isProof(message.proof, expected)) throw new HandshakeRefused('it does not know the secret of the cluster: give all members the same cluster.secret');
    const reason = hindrance(this.own, hello.identity);
    if (reason !== null) throw new HandshakeRefused(reason);
    return hello.identity;
  }
}

function hindrance({ identity: own, admits }: Own, other: Identity): string | null {
  if (other.clusterId !== own.clusterId) return `'${other.nodeId}' belongs to the cluster ${other.clusterId}, '${own.nodeId}' to ${own.clusterId}: one that missed a recovery joins again when its Raft store was moved away`;
  if (other.nodeId === own.nodeId) return `two members are called '${own.nodeId}': give each its own node.id`;
  return admits(other);
}

function proofOf(side: 'caller' | 'callee', secret: string, caller: Identity, callee: Identity, callerNonce: string, calleeNonce: string): string {
  const parts = [caller, callee].map(({ clusterId, nodeId, storeId, address }) => [clusterId, nodeId, storeId, address]);
  return createHmac('sha256', secret).update(JSON.stringify([side, VERSION, ...parts, callerNonce, calleeNonce])).digest('hex');
}

function isProof(given: unknown, expected: string): boolean {
  const bytes = Buffer.from(typeof given === 'string' ? given : '');
  return bytes.byteLength === expected.length && timingSafeEqual(bytes, Buffer.from(expected));
}
