/**
 * Lets a signed wish to join be carried out once, soon, and by the leader that it was made for: it has to be signed over a nonce of that leader. A
 * wish that somebody captured is worth nothing later, when the member that it would put out of the group is down.
 *
 * Pure: times go in, and chance where somebody wants to know it. Nonces that were given are not kept, since anybody may ask for them; each proves itself that it was made here, and until
 * when it holds. Only those that were used are remembered until then, and using one takes the secret of the cluster.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type Redemption = 'accepted' | 'unknown' | 'expired' | 'used' | 'exhausted';

/** How long a nonce holds: a joiner uses it at once. Milliseconds. */
export const JOIN_NONCE_MS = 10_000;
/** Nonces remembered as used; wishes beyond that wait until the first of them have expired. Count. */
export const JOIN_NONCES_USED_MAX = 1000;

export class JoinNonces {
  readonly counts = { joinNoncesIssued: 0, joinNoncesUsed: 0, joinNoncesRefused: 0 };
  /** By nonce, until when it would hold; in the order in which they were used. */
  private readonly used = new Map<string, number>();

  /** `key`: of this process alone, so that what another one gave, or this one before it ended, is unknown here. */
  constructor(private readonly key: Uint8Array = randomBytes(32)) {}

  /** `salt`: 32 hexadecimal digits that were never drawn before. */
  issue(nowMs: number, salt = randomBytes(16).toString('hex')): string {
    this.counts.joinNoncesIssued += 1;
    const text = `${salt}-${Math.ceil(nowMs + JOIN_NONCE_MS).toString(36)}`;
    return `${text}-${this.sealOf(text)}`;
  }

  /** To be called for what is signed with the secret only: it takes room. */
  redeem(nonce: string, nowMs: number): Redemption {
    const redemption = this.use(nonce, nowMs);
    if (redemption === 'accepted') this.counts.joinNoncesUsed += 1;
    else this.counts.joinNoncesRefused += 1;
    return redemption;
  }

  private use(nonce: string, nowMs: number): Redemption {
    const untilMs = this.expiryOf(nonce);
    if (untilMs === null) return 'unknown';
    if (nowMs > untilMs) return 'expired';
    if (this.used.has(nonce)) return 'used';
    for (const [known, endMs] of this.used) if (nowMs > endMs) this.used.delete(known);
    if (this.used.size >= JOIN_NONCES_USED_MAX) return 'exhausted';
    this.used.set(nonce, untilMs);
    return 'accepted';
  }

  /** Null for one that was not made here. */
  private expiryOf(nonce: string): number | null {
    const [, text = '', untilMs = '', seal = ''] = /^([0-9a-f]{32}-([0-9a-z]{1,11}))-([0-9a-f]{64})$/.exec(nonce) ?? [];
    const [given, expected] = [Buffer.from(seal), Buffer.from(this.sealOf(text))];
    return given.byteLength === expected.byteLength && timingSafeEqual(given, expected) ? Number.parseInt(untilMs, 36) : null;
  }

  private sealOf(text: string): string {
    return createHmac('sha256', this.key).update(text).digest('hex');
  }
}

/** Why a wish was not taken, for who sent it. */
export function redemptionTrouble(redemption: Exclude<Redemption, 'accepted'>): string {
  switch (redemption) {
    case 'unknown':
      return 'its nonce was not given by this leader: ask for one (GET /raft/join-nonce) and sign with that';
    case 'expired':
      return `its nonce was given more than ${JOIN_NONCE_MS / 1000} s ago: ask for another one (GET /raft/join-nonce)`;
    case 'used':
      return 'its nonce was used before: each wish takes a nonce of its own (GET /raft/join-nonce)';
    case 'exhausted':
      return `${JOIN_NONCES_USED_MAX} coordinators have asked to join within ${JOIN_NONCE_MS / 1000} s: ask again later`;
  }
}
