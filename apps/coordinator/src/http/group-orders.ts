/**
 * What operators, and coordinators that want to belong, ask of the Raft group. Checks what was sent and says in words why something was not
 * done; the group decides.
 */
import { describeIssues, NONCE_HEADER, type RaftJoin, type RaftJoinAnswer, type RaftJoinNonce, raftJoinSchema, type RaftStatus, type RaftTransferAnswer, raftTransferSchema, SIGNATURE_HEADER } from '@muster/contracts';
import { AppError } from '@muster/observability';
import { type Asked, queryOf } from './asked.js';
import { type AtLeader, NotNow } from './at-leader.js';
import type { Operators } from './operators.js';
import { type RaftControl, unavailability } from './raft-control.js';

const NONCE = /^[A-Za-z0-9_-]{8,128}$/;

export class GroupOrders {
  constructor(
    private readonly raft: RaftControl,
    private readonly atLeader: AtLeader,
    private readonly operators: Operators,
  ) {}

  status(): RaftStatus {
    return this.raft.status();
  }

  introduce(asked: Asked): { readonly body: object; readonly signature: string } {
    const nonce = queryOf(asked, 'nonce') ?? '';
    if (!NONCE.test(nonce)) throw new AppError('QUERY_INVALID', `nonce is '${nonce.slice(0, 40)}': give 8 to 128 letters, digits, "_" or "-", others each time`, { statusCode: 400 });
    return this.raft.introduce(nonce);
  }

  /** Asked of anybody: giving one costs nothing, using it takes the secret. */
  joinNonce(asked: Asked): Promise<RaftJoinNonce> {
    return this.atLeader.perform(asked, async () => ({ nonce: await inWords(() => this.raft.joinNonce()) }));
  }

  /** Resolves when the one who asks is a member, at first without a vote. */
  join(asked: Asked): Promise<RaftJoinAnswer> {
    const [signature, nonce] = [asked.headers[SIGNATURE_HEADER], asked.headers[NONCE_HEADER]];
    const text = typeof asked.body === 'string' ? asked.body : '';
    if (typeof signature !== 'string' || typeof nonce !== 'string' || text === '' || !this.raft.verify(signature, nonce, text)) {
      throw new AppError('SIGNATURE_INVALID', `the request is not signed with the secret of this cluster, over a nonce of its leader (${SIGNATURE_HEADER}, ${NONCE_HEADER}): set cluster.secret to the same at all coordinators`, { statusCode: 401 });
    }
    const join = joinIn(jsonIn(text));
    // Never tried again on its behalf: its nonce is used up, and it asks again by itself, with another.
    return this.atLeader.perform(asked, () => inWords(() => this.raft.join(join, nonce), joinLater));
  }

  add(asked: Asked): Promise<RaftStatus> {
    return this.change(asked, () => {
      const peer = joinIn(asked.body);
      return () => this.raft.addPeer(peer);
    });
  }

  remove(asked: Asked, nodeId: string): Promise<RaftStatus> {
    return this.change(asked, () => {
      this.known(nodeId);
      return () => this.raft.removePeer(nodeId);
    });
  }

  replace(asked: Asked, nodeId: string): Promise<RaftStatus> {
    return this.change(asked, () => {
      const by = joinIn(asked.body);
      this.known(nodeId);
      return () => this.raft.replacePeer(nodeId, by);
    });
  }

  async transfer(asked: Asked): Promise<RaftTransferAnswer> {
    this.operators.check(asked);
    const parsed = raftTransferSchema.safeParse(asked.body ?? {});
    if (!parsed.success) throw new AppError('RAFT_REQUEST_INVALID', `${describeIssues(parsed.error)}: the body takes to, the node id of who shall lead, or {} for whoever is furthest`, { statusCode: 400 });
    const { to } = parsed.data;
    return this.atLeader.perform(asked, async () => {
      if (to !== undefined) this.known(to);
      const startedMs = performance.now();
      const leaderId = await inWords(() => this.raft.transfer(to));
      return { from: this.raft.nodeId, leaderId, tookMs: Math.round(performance.now() - startedMs) };
    });
  }

  /** Here, whoever leads: each member keeps a store of its own. */
  async compact(asked: Asked): Promise<{ readonly nodeId: string; readonly index: number }> {
    this.operators.check(asked);
    return { nodeId: this.raft.nodeId, index: await inWords(() => this.raft.compact()) };
  }

  /** `prepare` checks, at the leader, and may throw; what comes back does it. */
  private change(asked: Asked, prepare: () => () => Promise<void>): Promise<RaftStatus> {
    this.operators.check(asked);
    return this.atLeader.perform(asked, async () => {
      const work = prepare();
      await inWords(work);
      return this.raft.status();
    });
  }

  private known(nodeId: string): void {
    const { peers } = this.raft.status();
    if (!peers.some((peer) => peer.nodeId === nodeId)) throw new AppError('PEER_UNKNOWN', `no coordinator of the group is named '${nodeId.slice(0, 128)}': there are ${peers.map((peer) => peer.nodeId).join(', ')}`, { statusCode: 404 });
  }
}

const joinLater = (reason: string): AppError => new AppError('JOIN_LATER', `the coordinator is not taken in just now: ${reason}. It asks again by itself`, { statusCode: 503 });

/** Turns the refusals of the group into answers; `later` makes that of what did not happen, and may when it is asked again. */
async function inWords<T>(work: () => Promise<T>, later: (reason: string) => Error = (reason) => new NotNow(reason)): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { message } = error as Error;
    switch (unavailability(error)) {
      case null:
        throw error;
      case 'not-leader':
      case 'lost':
      case 'busy':
        throw later(message);
      case 'refused':
        throw new AppError('RAFT_REFUSED', `the group refuses that: ${message}`, { statusCode: 409 });
      case 'unknown':
        throw new AppError('NOT_COMMITTED', `it is not known whether that was done: ${message}. Look at GET /raft/status, then ask again`, { statusCode: 503 });
    }
  }
}

function joinIn(body: unknown): RaftJoin {
  const parsed = raftJoinSchema.safeParse(body);
  if (!parsed.success) throw new AppError('RAFT_REQUEST_INVALID', `${describeIssues(parsed.error)}: the body is a JSON object with cluster, nodeId, storeId, httpUrl and raftUrl of the coordinator, as its GET /raft/introduction tells them`, { statusCode: 400 });
  return parsed.data;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
