/**
 * A member of a Raft group, as the main thread sees it: proposes, reads, applies. The group itself is run in a worker thread, so that a busy
 * main thread misses no heartbeat.
 *
 * Every answer has a deadline. What a proposal gets is what the state machine said when its entry was applied here.
 */
import { Worker } from 'node:worker_threads';
import type { ConfigChange, PeerId } from '@muster/raft';
import type { AppliedEntry, FromLoop, LoopSetup, NodeStatus, Peers, Pulse, Refusal, Role, ToLoop } from './messages.js';
import { monotonicMs } from './monotonic.js';
import { agedAt, type AgedPulse, NO_PULSE } from './pulse.js';
import { RaftUnavailable } from './raft-errors.js';
import { ReadsToApply } from './reads-to-apply.js';
import { firstRequestId } from './request-ids.js';
import { SnapshotPace } from './snapshot-pace.js';
import { type SnapshotPieces, takeSnapshot } from './snapshot-taking.js';

/** What the entries are about. It is called in order, one at a time; what it throws ends the member. */
export interface StateMachine {
  apply(data: Uint8Array, index: number, term: number): unknown;
  /** As it is now; of a large state the pieces, which are taken in between. */
  snapshot(): Uint8Array | SnapshotPieces;
  restore(data: Uint8Array, index: number): void;
}

export type NodeOptions = Omit<LoopSetup, 'tickMs' | 'electionTicks' | 'heartbeatTicks' | 'leases' | 'keepEntries' | 'lowWaterBytes' | 'unappliedMax' | 'tls' | 'advertise'> &
  Partial<LoopSetup> & {
    /** Applied entries after which a snapshot is made. Count. Default 10000. */
    readonly snapshotEntries?: number;
    /** Bytes of such entries after which one is made as well. Default 64 MiB. */
    readonly snapshotBytes?: number;
    readonly onRole?: (role: Role) => void;
    readonly onAddress?: (nodeId: PeerId, address: string) => void;
    readonly onTrouble?: (text: string) => void;
    /** The member has stopped for good: restart the process, which reads everything anew. */
    readonly onFailed: (text: string) => void;
  };

export interface Applied {
  readonly index: number;
  readonly term: number;
  /** What the state machine answered. */
  readonly result: unknown;
}

interface TakenSnapshot {
  readonly index: number;
  readonly data: Uint8Array;
}

interface Waiting {
  readonly done: (value: never) => void;
  readonly failed: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
  index: number;
  term: number;
}

/** 10 ms a tick: heartbeats every 50 ms, elections after 0.5 to 1 s of silence. */
const DEFAULTS = { tickMs: 10, heartbeatTicks: 5, electionTicks: 50, leases: false, keepEntries: 5000, lowWaterBytes: 64 * 1024 * 1024, unappliedMax: 200_000, tls: null, advertise: null };
const WORKER_ENTRY = new URL(import.meta.url.endsWith('.ts') ? '../../dist/driver/worker-entry.js' : './worker-entry.js', import.meta.url);
/** Most of what the loop makes is gone at the next turn: more room for it would only be memory that is never given back, and half of it twice the pauses. */
const YOUNG_MB = 8;
const SNAPSHOT_ENTRIES = 10_000;
const SNAPSHOT_BYTES = 64 * 1024 * 1024;
const READ_AGAIN_MS = 25;
const TIMEOUT_MS = 5000;
/** Of what may lie about unapplied, after how much the loop is told again how far we are: each time wakes its thread. */
const APPLIED_SHARE = 1 / 8;
/** The id of what nobody waits for: ids of questions begin at 1. */
const NOBODY = 0;

export class RaftNode {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  /** By the index at which a proposal was appended. */
  private readonly atIndex = new Map<number, number>();
  private readonly toApply = new ReadsToApply();
  /** What goes to the loop when this turn of ours is over, as one message. */
  private outgoing: ToLoop[] = [];
  private toldApplied = 0;
  private nextId = firstRequestId();
  private appliedIndex = 0;
  private readonly pace: SnapshotPace;
  private taking: Promise<TakenSnapshot | null> | null = null;
  private stopped: string | null = null;
  private latestRole: Role = { role: 'follower', term: 0, leaderId: null };
  private latestPulse: Pulse = NO_PULSE;
  address = '';
  storeId = '';

  private constructor(
    private readonly options: NodeOptions,
    private readonly machine: StateMachine,
    onStarted: (error: Error | null) => void,
  ) {
    const { snapshotEntries = SNAPSHOT_ENTRIES, snapshotBytes = SNAPSHOT_BYTES, onRole: _r, onAddress: _a, onTrouble: _t, onFailed: _f, ...setup } = options;
    this.pace = new SnapshotPace({ entries: snapshotEntries, bytes: snapshotBytes });
    this.worker = new Worker(WORKER_ENTRY, { workerData: { ...DEFAULTS, ...setup } satisfies LoopSetup, name: 'muster-raft', execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    let isStarted = false;
    const take = (message: FromLoop): void => {
      if (message.kind === 'started') {
        isStarted = true;
        [this.address, this.storeId] = [message.address, message.storeId];
        onStarted(null);
      } else if (message.kind === 'failed' && !isStarted) {
        onStarted(new Error(message.text));
      } else {
        this.hear(message);
      }
    };
    this.worker.on('message', (messages: readonly FromLoop[]) => messages.forEach(take));
    const ended = (text: string): void => (isStarted ? this.fail(text) : onStarted(new Error(text)));
    this.worker.on('error', (error) => ended(`its thread ended: ${error.message}`));
    this.worker.on('exit', () => ended('its thread ended'));
  }

  /** Throws when the store is damaged or in use, or the port not free. */
  static async start(options: NodeOptions, machine: StateMachine): Promise<RaftNode> {
    let made: RaftNode | null = null;
    await new Promise<void>((done, failed) => {
      made = new RaftNode(options, machine, (error) => (error === null ? done() : failed(error)));
    }).catch(async (error: unknown) => {
      const node = made as RaftNode | null;
      if (node !== null) node.stopped = 'it did not start';
      await node?.worker.terminate();
      throw error;
    });
    return made as unknown as RaftNode;
  }

  get role(): Role {
    return this.latestRole;
  }

  /** What the loop last told, at most 100 ms ago unless it stands still; ages are as of now. */
  pulse(): AgedPulse {
    const { electionTicks, tickMs } = { ...DEFAULTS, ...this.options };
    return agedAt(this.latestPulse, monotonicMs(), electionTicks * tickMs);
  }

  /** Resolves when the entry is committed and was applied here. */
  propose(data: Uint8Array, timeoutMs = TIMEOUT_MS): Promise<Applied> {
    // A view of something larger would take all of that along.
    const own = data.byteLength === data.buffer.byteLength ? data : new Uint8Array(data);
    return this.ask((id) => ({ kind: 'propose', id, data: own }), timeoutMs, 'the proposal was not committed');
  }

  /** Resolves when the change, or the first half of a joint one, is committed. */
  changeConfig(change: ConfigChange, timeoutMs = TIMEOUT_MS): Promise<Applied> {
    return this.ask((id) => ({ kind: 'change', id, change }), timeoutMs, 'the change was not committed');
  }

  /** Resolves when everything is applied here that was committed anywhere when it was called: what is read then is linearizable. */
  async read(timeoutMs = TIMEOUT_MS): Promise<number> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const index = await this.ask<number | null>((id) => ({ kind: 'read', id }), Math.max(1, Math.min(500, endMs - performance.now())), 'no answer').catch((error: unknown) => {
        if (error instanceof RaftUnavailable && error.code === 'unknown' && this.stopped === null) return null;
        throw error;
      });
      if (index !== null) return index;
      // No leader yet, or the question was lost. Each attempt is another question.
      if (performance.now() + READ_AGAIN_MS > endMs) throw new RaftUnavailable('unknown', `no leader vouched for a read within ${timeoutMs} ms: is a majority of the members running?`, this.latestRole.leaderId);
      await new Promise((again) => setTimeout(again, READ_AGAIN_MS));
    }
  }

  /** Resolves when somebody else leads, or we do no more. */
  async transfer(to: PeerId, timeoutMs = TIMEOUT_MS): Promise<void> {
    const { term } = this.latestRole;
    await this.ask((id) => ({ kind: 'transfer', id, to }), timeoutMs, 'the handover did not begin');
    const endMs = performance.now() + timeoutMs;
    while (this.latestRole.term === term) {
      if (performance.now() > endMs) throw new RaftUnavailable('unknown', `'${to}' did not take over within ${timeoutMs} ms: it may be behind, or not run`, this.latestRole.leaderId);
      await new Promise((again) => setTimeout(again, 5));
    }
  }

  status(timeoutMs = TIMEOUT_MS): Promise<NodeStatus> {
    return this.ask((id) => ({ kind: 'status', id }), timeoutMs, 'its loop does not answer');
  }

  setPeers(peers: Peers): void {
    this.post({ kind: 'peers', peers });
  }

  /** Up to here the state machine has applied the log. */
  get applied(): number {
    return this.appliedIndex;
  }

  /** Makes a snapshot of what is applied, and lets the log before it go. Resolves with its index when it is on the disk. */
  async compact(timeoutMs = TIMEOUT_MS): Promise<number> {
    while (this.taking !== null) await this.taking;
    const taken = await this.taken();
    if (taken === null) throw new RaftUnavailable('unknown', `this member does not run: ${this.stopped ?? ''}`);
    await this.ask((id) => ({ kind: 'compact', id, ...taken }), timeoutMs, 'the snapshot was not written');
    return taken.index;
  }

  /** Without handing over; see `transfer`. */
  async stop(): Promise<void> {
    if (this.stopped !== null) return;
    this.end('it was stopped');
    const ended = new Promise((done) => this.worker.once('exit', done));
    this.send({ kind: 'stop' });
    await ended;
  }

  private ask<T>(message: (id: number) => ToLoop, timeoutMs: number, trouble: string): Promise<T> {
    this.nextId += 1;
    const id = this.nextId;
    return new Promise<T>((done, failed) => {
      if (this.stopped !== null) return failed(new RaftUnavailable('unknown', `this member does not run: ${this.stopped}`));
      const timer = setTimeout(() => this.settle(id, new RaftUnavailable('unknown', `${trouble} within ${timeoutMs} ms`, this.latestRole.leaderId)), timeoutMs);
      this.waiting.set(id, { done: done as Waiting['done'], failed, timer, index: 0, term: 0 });
      this.post(message(id));
    });
  }

  /** A snapshot as of now, one at a time; null when the member stops meanwhile. */
  private taken(): Promise<TakenSnapshot | null> {
    this.taking = this.take().finally(() => (this.taking = null));
    return this.taking;
  }

  private async take(): Promise<TakenSnapshot | null> {
    const index = this.appliedIndex;
    try {
      const startedMs = performance.now();
      const snapshot = this.machine.snapshot();
      this.pace.begun();
      const beganMs = performance.now() - startedMs;
      const taken = await takeSnapshot(snapshot, () => this.stopped !== null);
      if (taken === null) return null;
      this.pace.made(index, taken.data.byteLength, beganMs + taken.heldMs, performance.now());
      return { index, data: taken.data };
    } catch (error) {
      this.fail(`the state machine failed: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }

  private takeUnasked(): void {
    void this.taken().then((taken) => taken !== null && this.post({ kind: 'compact', id: NOBODY, ...taken }));
  }

  private post(message: ToLoop): void {
    if (this.stopped === null) this.send(message);
  }

  private send(message: ToLoop): void {
    if (this.outgoing.push(message) > 1) return;
    process.nextTick(() => {
      const messages = this.outgoing;
      this.outgoing = [];
      this.worker.postMessage(messages);
    });
  }

  private hear(message: Exclude<FromLoop, { readonly kind: 'started' }>): void {
    switch (message.kind) {
      case 'apply':
        return this.attempt(() => this.applyAll(message.entries));
      case 'restore':
        return this.attempt(() => this.restore(message.index, message.data));
      case 'appended':
        return message.ids.forEach((id, position) => this.appended(id, message.index + position, message.term));
      case 'denied':
        return this.settle(message.id, unavailable(message.why));
      case 'transferring':
      case 'compacted':
        return this.settle(message.id, null);
      case 'readable':
        return this.readable(message.id, message.index);
      case 'status':
        return this.settle(message.id, null, message.status);
      case 'role':
        this.latestRole = message.role;
        return this.options.onRole?.(message.role);
      case 'pulse':
        this.latestPulse = message.pulse;
        return;
      case 'address':
        return this.options.onAddress?.(message.nodeId, message.address);
      case 'trouble':
        return this.options.onTrouble?.(message.text);
      case 'failed':
        return this.fail(message.text);
    }
  }

  private appended(id: number, index: number, term: number): void {
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return;
    waiting.index = index;
    waiting.term = term;
    const before = this.atIndex.get(index);
    if (before !== undefined) this.settle(before, new RaftUnavailable('lost', `another entry took its place at ${index}`));
    this.atIndex.set(index, id);
  }

  private applyAll(entries: readonly AppliedEntry[]): void {
    for (const { index, term, data } of entries) {
      const result = data === null ? undefined : this.machine.apply(data, index, term);
      this.appliedIndex = index;
      this.pace.applied(data?.byteLength ?? 0);
      const id = this.atIndex.get(index);
      if (id === undefined) continue;
      const isOurs = this.waiting.get(id)?.term === term;
      if (isOurs) this.settle(id, null, { index, term, result } satisfies Applied);
      else this.settle(id, new RaftUnavailable('lost', `another entry took its place at ${index}`));
    }
    this.reached();
    if (this.taking === null && this.pace.isDue(this.appliedIndex, performance.now())) this.takeUnasked();
  }

  private restore(index: number, data: Uint8Array): void {
    this.machine.restore(data, index);
    this.appliedIndex = index;
    this.pace.received(index, data.byteLength);
    for (const [at, id] of this.atIndex) if (at <= index) this.settle(id, new RaftUnavailable('unknown', `a snapshot took the place of entry ${at}`));
    this.reached();
  }

  private reached(): void {
    const { unappliedMax } = { ...DEFAULTS, ...this.options };
    if (this.appliedIndex - this.toldApplied >= unappliedMax * APPLIED_SHARE) {
      this.toldApplied = this.appliedIndex;
      this.post({ kind: 'applied', index: this.appliedIndex });
    }
    for (const { index, ids } of this.toApply.reached(this.appliedIndex)) for (const id of ids) this.settle(id, null, index);
  }

  private readable(id: number, index: number | null): void {
    if (index === null || index <= this.appliedIndex) return this.settle(id, null, index);
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return;
    waiting.index = index;
    this.toApply.add(index, id);
  }

  private settle(id: number, error: Error | null, value?: unknown): void {
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return;
    this.waiting.delete(id);
    clearTimeout(waiting.timer);
    if (this.atIndex.get(waiting.index) === id) this.atIndex.delete(waiting.index);
    this.toApply.forget(waiting.index, id);
    if (error === null) waiting.done(value as never);
    else waiting.failed(error);
  }

  /** A state machine that throws would differ from the others if it went on. */
  private attempt(work: () => void): void {
    if (this.stopped !== null) return;
    try {
      work();
    } catch (error) {
      this.fail(`the state machine failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private fail(text: string): void {
    if (this.stopped !== null) return;
    this.end(text);
    void this.worker.terminate();
    this.options.onFailed(text);
  }

  private end(why: string): void {
    this.stopped = why;
    for (const id of this.waiting.keys()) this.settle(id, new RaftUnavailable('unknown', `this member stopped: ${why}`));
  }
}

function unavailable(why: Refusal): RaftUnavailable {
  switch (why.kind) {
    case 'not-leader':
      return new RaftUnavailable('not-leader', why.leaderId === null ? 'no leader is known' : `'${why.leaderId}' leads`, why.leaderId);
    case 'busy':
    case 'refused':
      return new RaftUnavailable(why.kind, why.reason);
  }
}
