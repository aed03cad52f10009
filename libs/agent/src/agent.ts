/**
 * What a service embeds to be a member: beats once per interval with its vitals, and says good-bye when it leaves.
 *
 * The beats are made by an engine beside the main loop; here is what only the main thread can do: the bus, the application's checks,
 * and the words at the end. Decides nothing about health. Never throws into the service that embeds it once it has been made: a
 * cluster that cannot be reached is a line in the log, not an error of the application.
 */
import { hostname } from 'node:os';
import { type Beat, beatSchema, describeIssues, LANE_LINE_BYTES_MAX, LANE_PATH, LANE_PROTOCOL, type Logger } from '@muster/contracts';
import { agentMetrics, type AgentMetrics } from './agent-metrics.js';
import { BusLane } from './bus-lane.js';
import { CoordinatorList } from './coordinator-list.js';
import { deferred } from './deferred.js';
import { EngineHost, RUNS_FROM_SOURCE } from './engine/engine-host.js';
import { completed, type EngineSetup, type FromEngine, type MainFacts } from './engine/messages.js';
import { monoMs } from './engine/mono-clock.js';
import { SharedCounters } from './engine/shared-counters.js';
import { defaultNodeId, incarnationAt, incarnationBeyond } from './incarnation.js';
import { MainFactsSource } from './main-facts.js';
import { type AgentOptions, type DrainListener, intervalMsOf, probeHostsOf, silentLogger } from './options.js';
import type { CheckFunction } from './vitals/checks.js';
import { HostLimits } from './vitals/host-limits.js';
import { withinMs } from './within-ms.js';

type State = 'idle' | 'starting' | 'running' | 'leaving' | 'left' | 'stopped';

/** Longest wait for the last word to be taken. Milliseconds. */
const LAST_WORD_LIMIT_MS = 1500;
const WIRE = { path: LANE_PATH, protocol: LANE_PROTOCOL, lineBytesMax: LANE_LINE_BYTES_MAX };

export class Agent {
  readonly nodeId: string;
  readonly intervalMs: number;
  private currentIncarnation: number;
  private state: State = 'idle';
  private isDrainOrdered = false;
  private leaveUnderway: Promise<void> | null = null;
  /** As it was last made; what the main thread says itself is made from it. */
  private latest: Beat;
  private facts: MainFacts;
  private readonly begun = deferred();
  private readonly said = new Map<number, (wasHeard: boolean) => void>();
  private readonly drainListeners = new Set<DrainListener>();
  private readonly coordinators: CoordinatorList;
  private readonly logger: Logger;
  private readonly metrics: AgentMetrics;
  private readonly shared = new SharedCounters();
  private readonly source: MainFactsSource;
  private readonly bus: BusLane | null;
  private readonly engine: EngineHost;

  constructor(private readonly options: AgentOptions) {
    this.nodeId = options.nodeId ?? defaultNodeId(options.service, hostname());
    this.intervalMs = intervalMsOf(options);
    if (options.bus === undefined && typeof options.coordinators !== 'function' && options.coordinators.length === 0) throw new Error('an agent needs a bus or at least one coordinator: set cluster.coordinators');
    this.currentIncarnation = incarnationAt(Date.now(), Math.random());
    this.logger = options.logger ?? silentLogger;
    this.coordinators = new CoordinatorList({
      source: options.coordinators,
      isShort: () => this.shared.get('lanesOpen') < this.shared.get('lanesWanted'),
      onChange: (urls) => this.engine.post({ kind: 'coordinators', urls }),
      logger: this.logger,
    });
    this.source = new MainFactsSource(options.httpUrl, this.logger);
    this.facts = { httpUrl: this.source.url(), vitals: { eventLoopDelayMs: 0, errorRate: 0, checks: [] } };
    this.latest = firstBeat(this.nodeId, this.intervalMs, this.currentIncarnation, options);
    requireValid(completed(this.latest, this.facts));
    this.metrics = agentMetrics(options.metrics, this.shared);
    this.bus = options.bus === undefined ? null : new BusLane(options.bus, this.intervalMs);
    if (options.onDrain !== undefined) this.drainListeners.add(options.onDrain);
    this.engine = new EngineHost({
      useWorker: options.worker ?? !RUNS_FROM_SOURCE,
      shared: this.shared,
      logger: this.logger,
      setup: () => this.setup(),
      onMessage: (message) => this.take(message),
      onDeath: () => this.metrics.workerDied(),
    });
  }

  /** Which boot of the node this is; may grow once, when the cluster knows a greater one. */
  get incarnation(): number {
    return this.currentIncarnation;
  }

  /** An operator wants the node to take no new work. */
  get isDraining(): boolean {
    return this.isDrainOrdered;
  }

  /** Calls `listener` whenever an operator drains the node or takes that back. Returns a function that takes it away. */
  onDrain(listener: DrainListener): () => void {
    this.drainListeners.add(listener);
    return () => void this.drainListeners.delete(listener);
  }

  /** Begins to beat; resolves after the first beat was made. Further calls do nothing. */
  async start(): Promise<void> {
    if (this.state !== 'idle') return;
    this.state = 'starting';
    this.facts = { ...this.facts, httpUrl: this.source.url() };
    this.source.checks.runAll();
    this.adoptKnownIncarnation();
    await this.coordinators.start();
    if (this.state === 'starting') this.engine.start();
    await this.begun.promise;
  }

  /** Says on every lane that the node is about to go, and goes on beating so until `leave`. */
  async announceLeaving(): Promise<void> {
    if (this.state === 'starting') this.stop();
    if (this.state !== 'running') return;
    this.state = 'leaving';
    await this.say('leaving');
  }

  /** Leaves the cluster: announces it, then says its last word. Resolves in bounded time, heard or not. */
  leave(): Promise<void> {
    this.leaveUnderway ??= this.leaveOnce();
    return this.leaveUnderway;
  }

  /** Falls silent without a word, as a crash would. */
  stop(): void {
    this.state = 'stopped';
    this.engine.stop();
    this.coordinators.close();
    this.source.close();
    this.begun.resolve();
  }

  /**
   * Adds a check that is run at each beat and counts in the health score. `timeLimitMs` defaults to the interval;
   * a check that takes longer is reported as failed. Returns a function that takes it away.
   */
  registerCheck(name: string, run: CheckFunction, options: { readonly timeLimitMs?: number } = {}): () => void {
    return this.source.checks.register(name, run, options.timeLimitMs ?? this.intervalMs);
  }

  /** Counts an operation of the application, for the error rate. */
  operation(ok: boolean): void {
    this.source.operations.add(ok);
  }

  private setup(): Omit<EngineSetup, 'watchesMain' | 'shared'> {
    const { v, nodeId, intervalMs, service, zone, tags, resources } = this.latest;
    return {
      identity: { v, nodeId, intervalMs, service, zone, tags, resources },
      incarnation: this.currentIncarnation,
      isResumed: this.state !== 'starting',
      state: this.state === 'leaving' || this.state === 'left' ? this.state : 'running',
      facts: this.facts,
      coordinators: this.coordinators.urls,
      wire: WIRE,
      probe: probeHostsOf(this.options.probe, this.facts.httpUrl),
    };
  }

  private adoptKnownIncarnation(): void {
    const { knownIncarnation } = this.options;
    if (knownIncarnation === undefined) return;
    this.shared.set('incarnationSettled', 1);
    this.currentIncarnation = incarnationBeyond({ own: this.currentIncarnation, known: knownIncarnation(), hasBeaten: false });
  }

  private take(message: FromEngine): void {
    switch (message.kind) {
      case 'draft':
        return void this.publish(message.beat, message.dueMonoMs);
      case 'incarnation':
        this.currentIncarnation = message.incarnation;
        return this.tellIncarnation();
      case 'drain':
        return this.drain(message.isDraining, message.reason);
      case 'said':
        return this.said.get(message.seq)?.(message.wasHeard);
      case 'log':
        this.shared.add('logsTaken');
        return this.logger[message.level](message.facts, message.message);
    }
  }

  /** Completes a beat with what is known here and publishes it; the engine is told, so that it takes the other lane when the bus does not. */
  private async publish(draft: Beat, dueMonoMs: number): Promise<void> {
    if (this.state === 'starting') this.state = 'running';
    this.begun.resolve();
    const nowMs = monoMs();
    // It lay before a main loop that stood still: by now the direct lane has brought it, and the next one says more.
    const isOld = nowMs - draft.sentMonoMs > this.intervalMs;
    const isOverruled = this.state !== 'running' && draft.state !== this.state;
    if (isOld || isOverruled) return this.engine.post({ kind: 'confirmed', seq: draft.seq, reason: 'the main loop came too late', facts: this.facts });
    this.facts = this.source.take(Math.max(0, nowMs - dueMonoMs));
    this.latest = completed(draft, this.facts);
    const facts = this.facts;
    this.engine.post({ kind: 'confirmed', seq: draft.seq, reason: await this.sendByBus(this.latest), facts });
  }

  /** Null when the bus took it, else why not. */
  private async sendByBus(beat: Beat): Promise<string | null> {
    if (this.bus === null) return 'there is no bus';
    try {
      await this.bus.sendBeat(beat);
      this.metrics.sentByBus();
      return null;
    } catch (error) {
      this.metrics.failedByBus();
      return error instanceof Error ? error.message : String(error);
    }
  }

  private async leaveOnce(): Promise<void> {
    await this.announceLeaving();
    if (this.state !== 'leaving') return;
    this.state = 'left';
    const wasHeard = await this.say('left');
    if (wasHeard) this.logger.info({ incarnation: this.currentIncarnation }, 'left the cluster');
    else this.logger.warn({ incarnation: this.currentIncarnation }, 'left without being heard: the cluster will take this node for failed');
    this.stop();
  }

  /** On both lanes at once, made here: it must not wait for an engine that is slow, or dead. True when at least one took it. */
  private async say(state: 'leaving' | 'left'): Promise<boolean> {
    const beat: Beat = {
      ...completed(this.latest, this.source.take(0)),
      incarnation: this.currentIncarnation,
      seq: this.shared.add('seq'),
      sentMonoMs: monoMs(),
      sentUnixMs: Date.now(),
      state,
      mainLagMs: 0,
    };
    const { promise, resolve } = deferred<boolean>();
    this.said.set(beat.seq, resolve);
    this.engine.post({ kind: 'say', beat });
    const heard = await Promise.all([withinMs(this.sendByBus(beat), LAST_WORD_LIMIT_MS), withinMs(promise, LAST_WORD_LIMIT_MS)]);
    this.said.delete(beat.seq);
    return heard[0] === null || heard[1] === true;
  }

  private drain(isDraining: boolean, reason: string): void {
    if (isDraining === this.isDrainOrdered) return;
    this.isDrainOrdered = isDraining;
    this.logger.warn({ reason }, isDraining ? 'an operator drains this node: it takes no new work' : 'an operator took the drain back: this node takes work again');
    for (const listener of this.drainListeners) this.tell('onDrain', () => listener(isDraining, reason));
  }

  private tellIncarnation(): void {
    this.tell('onIncarnation', () => this.options.onIncarnation?.(this.currentIncarnation));
  }

  /** A fault of the host must not end the beats of a node that is well. */
  private tell(name: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.logger.error({ err: error, incarnation: this.currentIncarnation }, `${name} threw: the host does not know what the agent told it`);
    }
  }
}

function firstBeat(nodeId: string, intervalMs: number, incarnation: number, options: AgentOptions): Beat {
  const limits = new HostLimits();
  return {
    v: 1,
    nodeId,
    incarnation,
    seq: 1,
    sentMonoMs: monoMs(),
    sentUnixMs: Date.now(),
    intervalMs,
    state: 'running',
    service: options.service,
    zone: options.zone ?? 'default',
    tags: { ...options.tags },
    resources: options.resources ?? { cores: limits.cores, memoryBytes: limits.memory().limitBytes },
    httpUrl: null,
    probeUrl: null,
    mainLagMs: 0,
    vitals: { cpuProcess: 0, cpuHost: 0, memory: 0, eventLoopDelayMs: 0, errorRate: 0, checks: [] },
  };
}

/** A beat that nobody could read is refused here, with the field named, and not by every coordinator. */
function requireValid(beat: Beat): void {
  const parsed = beatSchema.safeParse(beat);
  if (!parsed.success) throw new Error(`this node cannot be a member: ${describeIssues(parsed.error)}`);
}
