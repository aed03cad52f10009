/**
 * Connections to members: one pool per boot of a member, made when it is first used, let go when the member is.
 *
 * Requests under way on a pool that is let go run to their end.
 */
import type { MemberStatusView } from '@muster/contracts';
import { Pool } from 'undici';

export interface PoolLimits {
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly connectionsPerMember: number;
}

/** Below the 5 s after which Node servers close idle connections: who closes last loses requests. Milliseconds. */
const KEEP_ALIVE_MS = 4000;
/** However long a member says it keeps connections. Milliseconds. */
const KEEP_ALIVE_MS_MAX = 25_000;

interface Kept {
  readonly key: string;
  readonly pool: Pool;
}

export class Pools {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly limits: PoolLimits) {}

  /** The pool for a member that answers HTTP. */
  of(member: MemberStatusView & { readonly httpUrl: string }): Pool {
    const known = this.kept.get(member.nodeId);
    if (known?.key === keyOf(member)) return known.pool;
    if (known !== undefined) this.letGo(member.nodeId, known);
    const { connectTimeoutMs, headersTimeoutMs, bodyTimeoutMs, connectionsPerMember } = this.limits;
    const pool = new Pool(new URL(member.httpUrl).origin, {
      connections: connectionsPerMember,
      pipelining: 1,
      connect: { timeout: connectTimeoutMs },
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS_MAX,
    });
    this.kept.set(member.nodeId, { key: keyOf(member), pool });
    return pool;
  }

  /** Lets go of members that went, restarted or moved. */
  keepOnly(members: readonly MemberStatusView[]): void {
    const present = new Map(members.map((member) => [member.nodeId, keyOf(member)]));
    for (const [nodeId, kept] of this.kept) if (present.get(nodeId) !== kept.key) this.letGo(nodeId, kept);
  }

  async close(): Promise<void> {
    const pools = [...this.kept.values()].map(({ pool }) => pool);
    this.kept.clear();
    await Promise.allSettled(pools.map((pool) => pool.destroy()));
  }

  private letGo(nodeId: string, { pool }: Kept): void {
    this.kept.delete(nodeId);
    pool.close().catch(() => undefined);
  }
}

const keyOf = ({ incarnation, httpUrl }: MemberStatusView): string => `${incarnation} ${httpUrl}`;
