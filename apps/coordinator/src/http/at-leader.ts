/**
 * Has something done by the coordinator that leads: here when that is us, over HTTP when it is another.
 *
 * Waits where a leader is likely to be there in a moment, as in an election or a handover, and refuses at once where this coordinator
 * has been cut off for longer. Tries again only what surely did not happen.
 */
import { FORWARDED_HEADER, NONCE_HEADER, READ_HEADERS, SIGNATURE_HEADER } from '@muster/contracts';
import { AppError } from '@muster/observability';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Asked } from './asked.js';
import { passOn, type Passed } from './leader-client.js';
import { type LeaderAddress, type RaftControl, unavailability } from './raft-control.js';

/** Thrown by what was to be done here when it did not happen, and may a moment later: we do not lead, or the group is busy. */
export class NotNow extends Error {
  override readonly name = 'NotNow';
}

export interface AtLeaderOptions {
  readonly raft: RaftControl;
  readonly metrics: Registry;
  /** Time without a leader after which no new one is waited for. Milliseconds. Default 2500. */
  readonly patienceMs?: number;
  /** Longest time in which a request is tried again. Milliseconds. Default 5000. */
  readonly tryMs?: number;
  /** Requests that may wait or be on their way to the leader at once. Count. Default 500. */
  readonly waitingMax?: number;
}

const LOOK_AGAIN_MS = 10;
/** Answers of a coordinator that has not done it. */
const NOT_DONE: readonly unknown[] = ['NOT_LEADER', 'RAFT_BUSY', 'STARTING', 'COORDINATOR_ENDING'];

/** `failure`: the answer, if there is no time to try again. */
type Tried<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'again'; readonly failure: AppError };

export class AtLeader {
  private readonly raft: RaftControl;
  private readonly patienceMs: number;
  private readonly tryMs: number;
  private readonly waitingMax: number;
  private readonly forwarded: Counter<'outcome'>;
  private waiting = 0;

  constructor({ raft, metrics, patienceMs = 2500, tryMs = 5000, waitingMax = 500 }: AtLeaderOptions) {
    this.raft = raft;
    this.patienceMs = patienceMs;
    this.tryMs = tryMs;
    this.waitingMax = waitingMax;
    this.forwarded = new Counter({ name: 'coordinator_forwarded_requests_total', help: 'Requests passed on to the leader: answered, not taken there (they are tried again), or without an answer.', labelNames: ['outcome'], registers: [metrics] });
    for (const outcome of ['answered', 'untaken', 'unknown']) this.forwarded.inc({ outcome }, 0);
    const waitingNow = (): number => this.waiting;
    new Gauge({
      name: 'coordinator_requests_at_leader',
      help: 'Requests that wait for a leader, or for its answer.',
      registers: [metrics],
      collect() {
        this.set(waitingNow());
      },
    });
  }

  /** `local` does it here; it throws `NotNow` when that did not happen and may later. */
  perform<T>(asked: Asked, local: () => T | Promise<T>): Promise<T> {
    return this.counted(async () => {
      const endMs = performance.now() + this.tryMs;
      for (;;) {
        const leader = await this.known(asked);
        const tried = this.raft.isLeader() ? await this.here(local) : await this.there<T>(leader, asked);
        if (tried.kind === 'done') return tried.value;
        // Whoever passed it on tries again, and may know a later leader.
        if (isForwarded(asked) || performance.now() > endMs) throw tried.failure;
        await pause();
      }
    });
  }

  /** Resolves with the index up to which everything is applied here; what is read then misses nothing that was acknowledged before. */
  readIndex(asked: Asked): Promise<number> {
    return this.counted(async () => {
      await this.known(asked);
      return this.raft.read(this.patienceMs).catch((error: unknown) => {
        if (unavailability(error) === null) throw error;
        throw this.noQuorum(asked);
      });
    });
  }

  /** Who leads; waits for one to be elected. */
  private async known(asked: Asked): Promise<LeaderAddress> {
    for (;;) {
      const leader = this.raft.leader();
      // Two that each take the other for the leader would pass it to and fro.
      if (isForwarded(asked) && !this.raft.isLeader()) throw notLeader(this.raft);
      const { hasQuorum, contactAgeMs } = this.raft.status();
      if (leader !== null && hasQuorum) return leader;
      if (contactAgeMs === null || contactAgeMs > this.patienceMs) throw this.noQuorum(asked);
      await pause();
    }
  }

  private async here<T>(local: () => T | Promise<T>): Promise<Tried<T>> {
    try {
      return { kind: 'done', value: await local() };
    } catch (error) {
      if (!(error instanceof NotNow)) throw error;
      return { kind: 'again', failure: this.raft.isLeader() ? busy(error.message) : notLeader(this.raft) };
    }
  }

  private async there<T>(leader: LeaderAddress, asked: Asked): Promise<Tried<T>> {
    const result = await passOn(passedOf(leader, asked, this.raft.nodeId), () => this.raft.leader()?.nodeId !== leader.nodeId);
    switch (result.kind) {
      case 'unsent':
        this.forwarded.inc({ outcome: 'untaken' });
        return { kind: 'again', failure: this.unreachable(leader, result.reason) };
      case 'unknown':
        this.forwarded.inc({ outcome: 'unknown' });
        if (asked.method === 'GET') return { kind: 'again', failure: this.unreachable(leader, result.reason) };
        throw new AppError('NOT_COMMITTED', `it is not known whether that was done: '${leader.nodeId}' got the request and did not answer (${result.reason}). Look first, or ask again where that does no harm`, { statusCode: 503 });
      case 'answered': {
        const { statusCode, headers, body } = result;
        const { code, message } = (body ?? {}) as { code?: unknown; message?: unknown };
        if (statusCode === 503 && NOT_DONE.includes(code)) {
          this.forwarded.inc({ outcome: 'untaken' });
          return { kind: 'again', failure: new AppError(String(code), String(message), { statusCode }) };
        }
        this.forwarded.inc({ outcome: 'answered' });
        for (const name of Object.values(READ_HEADERS)) if (typeof headers[name] === 'string') asked.tell(name, headers[name]);
        if (statusCode >= 200 && statusCode < 300) return { kind: 'done', value: body as T };
        throw new AppError(String(code), String(message), { statusCode: statusCode >= 400 ? statusCode : 502 });
      }
    }
  }

  private unreachable({ nodeId, httpUrl }: LeaderAddress, reason: string): AppError {
    return new AppError('LEADER_UNREACHABLE', `'${nodeId}' leads, and could not be reached at ${httpUrl} from '${this.raft.nodeId}' (${reason}): nothing was done. Ask another coordinator, or again later`, { statusCode: 503 });
  }

  private async counted<T>(work: () => Promise<T>): Promise<T> {
    if (this.waiting >= this.waitingMax) throw new AppError('FORWARDING_EXHAUSTED', `${this.waiting} requests wait for the leader already: ask again later, or ask the leader itself`, { statusCode: 503 });
    this.waiting += 1;
    try {
      return await work();
    } finally {
      this.waiting -= 1;
    }
  }

  private noQuorum({ method }: Asked): AppError {
    const { state, detail, contactAgeMs } = this.raft.status();
    const since = contactAgeMs === null ? `it is ${state}${detail === '' ? '' : ` (${detail})`}` : `it has been out of touch with a majority for ${(contactAgeMs / 1000).toFixed(1)} s`;
    const remedy = method === 'GET' ? 'Take consistency=stale for what it knew last, or ask another one' : 'Ask another one, or again later';
    return new AppError('NO_QUORUM', `nothing was ${method === 'GET' ? 'read' : 'changed'}: '${this.raft.nodeId}' cannot agree on anything with the other coordinators now, ${since}. ${remedy}`, { statusCode: 503 });
  }
}

const isForwarded = (asked: Asked): boolean => asked.headers[FORWARDED_HEADER] !== undefined;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));

const busy = (reason: string): AppError => new AppError('RAFT_BUSY', `the group cannot do that just now: ${reason}. Nothing was done; ask again in a second`, { statusCode: 503 });

function notLeader(raft: RaftControl): AppError {
  const leader = raft.leader();
  return new AppError('NOT_LEADER', `'${raft.nodeId}' does not lead any more${leader === null ? '' : `, '${leader.nodeId}' does`}: nothing was done. Whoever passed the request on tries again`, { statusCode: 503 });
}

function passedOf(leader: LeaderAddress, asked: Asked, by: string): Passed {
  const headers: Record<string, string> = { accept: 'application/json', [FORWARDED_HEADER]: by };
  for (const name of ['authorization', SIGNATURE_HEADER, NONCE_HEADER]) {
    const value = asked.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const hasBody = asked.method !== 'GET' && asked.body !== undefined && asked.body !== null;
  const text = !hasBody ? '' : typeof asked.body === 'string' ? asked.body : JSON.stringify(asked.body);
  if (text !== '') Object.assign(headers, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) });
  return { method: asked.method, url: leader.httpUrl.replace(/\/$/, '') + asked.url, headers, text };
}
