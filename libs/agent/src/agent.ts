/**
 * What a service embeds to be a member: beats once per interval with its vitals, and says good-bye when it leaves.
 *
 * Decides nothing about health; it measures and reports. Never throws into the service that embeds it once it has
 * been made: a cluster that cannot be reached is a line in the log, not an error of the application.
 */
import { hostname } from 'node:os';
import { type Beat, type BeatResult, beatSchema, describeIssues, type Logger, urlSchema } from '@muster/contracts';
import { agentMetrics, type AgentMetrics } from './agent-metrics.js';
import { nextBeat } from './beat-schedule.js';
import { BusLane } from './bus-lane.js';
import { type CheckFunction, Checks } from './checks.js';
import { HostLimits } from './host-limits.js';
import { HttpLane } from './http-lane.js';
import { defaultNodeId, incarnationAt, incarnationBeyond } from './incarnation.js';
import { Lanes } from './lanes.js';
import { Operations } from './operations.js';
import { type AgentOptions, intervalMsOf, silentLogger } from './options.js';
import { VitalsProbe } from './vitals-probe.js';

type State = 'idle' | 'starting' | 'running' | 'leaving' | 'left' | 'stopped';

/** Longest wait for the last word to be taken. Milliseconds. */
const LAST_WORD_LIMIT_MS = 1500;
/** Time limit of one coordinator, whatever the interval. Milliseconds. */
const COORDINATOR_LIMIT_MS_MIN = 250;
const COORDINATOR_LIMIT_MS_MAX = 1000;
/** Longest wait for the cluster's word on our incarnation before the first beat goes out without it. Milliseconds. */
const INCARNATION_LIMIT_MS = 1000;
/** Beats between two questions about the incarnation while nobody answered. */
const ASK_AGAIN_BEATS = 5;

export class Agent {
  readonly nodeId: string;
  readonly intervalMs: number;
  private currentIncarnation: number;
  private state: State = 'idle';
  private seq = 0;
  private firstMs = 0;
  private timer: NodeJS.Timeout | undefined;
  /** The cluster told us once which incarnation it holds; later surprises are another process under our name. */
  private isIncarnationSettled = false;
  private isRivalReported = false;
  private isUrlReported = false;
  private isAsking = false;
  private leaveUnderway: Promise<void> | null = null;
  private readonly identity: Pick<Beat, 'v' | 'nodeId' | 'intervalMs' | 'service' | 'zone' | 'tags' | 'resources'>;
  private readonly logger: Logger;
  private readonly metrics: AgentMetrics;
  private readonly limits = new HostLimits();
  private readonly probe: VitalsProbe;
  private readonly checks = new Checks();
  private readonly operations = new Operations();
  private readonly http: HttpLane;
  private readonly lanes: Lanes;

  constructor(private readonly options: AgentOptions) {
    this.nodeId = options.nodeId ?? defaultNodeId(options.service, hostname());
    this.intervalMs = intervalMsOf(options);
    this.currentIncarnation = incarnationAt(Date.now(), Math.random());
    this.identity = {
      v: 1,
      nodeId: this.nodeId,
      intervalMs: this.intervalMs,
      service: options.service,
      zone: options.zone ?? 'default',
      tags: { ...options.tags },
      resources: options.resources ?? { cores: this.limits.cores, memoryBytes: this.limits.memory().limitBytes },
    };
    if (options.bus === undefined && options.coordinators.length === 0) throw new Error('an agent needs a bus or at least one coordinator: set cluster.coordinators');
    this.logger = options.logger ?? silentLogger;
    this.metrics = agentMetrics(options.metrics);
    this.http = new HttpLane(options.coordinators, Math.min(COORDINATOR_LIMIT_MS_MAX, Math.max(COORDINATOR_LIMIT_MS_MIN, this.intervalMs)));
    const bus = options.bus === undefined ? null : new BusLane(options.bus, this.intervalMs);
    this.lanes = new Lanes({ bus, http: this.http, metrics: this.metrics, logger: this.logger, onResult: (result) => this.noteResult(result) });
    this.probe = new VitalsProbe(this.limits);
    this.requireValid(this.makeBeat('running'));
  }

  /** Which boot of the node this is; may grow once, when the cluster knows a greater one. */
  get incarnation(): number {
    return this.currentIncarnation;
  }

  /** Begins to beat; resolves after the first beat was made. Further calls do nothing. */
  async start(): Promise<void> {
    if (this.state !== 'idle') return;
    this.state = 'starting';
    this.checks.runAll();
    await this.askIncarnation();
    if (this.isState('starting')) {
      this.state = 'running';
      this.tellIncarnation();
      this.firstMs = performance.now();
      this.beat(this.firstMs);
    }
  }

  /** Says on every lane that the node is about to go, and goes on beating so until `leave`. */
  async announceLeaving(): Promise<void> {
    if (this.state === 'starting') this.stop();
    if (this.state !== 'running') return;
    this.state = 'leaving';
    await withinMs(this.lanes.sendOnBoth(this.makeBeat('leaving')), LAST_WORD_LIMIT_MS);
  }

  /** Leaves the cluster: announces it, then says its last word. Resolves in bounded time, heard or not. */
  leave(): Promise<void> {
    this.leaveUnderway ??= this.leaveOnce();
    return this.leaveUnderway;
  }

  /** Falls silent without a word, as a crash would. */
  stop(): void {
    this.state = 'stopped';
    clearTimeout(this.timer);
    this.probe.close();
    this.http.close();
  }

  /**
   * Adds a check that is run at each beat and counts in the health score. `timeLimitMs` defaults to the interval;
   * a check that takes longer is reported as failed. Returns a function that takes it away.
   */
  registerCheck(name: string, run: CheckFunction, options: { readonly timeLimitMs?: number } = {}): () => void {
    return this.checks.register(name, run, options.timeLimitMs ?? this.intervalMs);
  }

  /** Counts an operation of the application, for the error rate. */
  operation(ok: boolean): void {
    this.operations.add(ok);
  }

  private async leaveOnce(): Promise<void> {
    await this.announceLeaving();
    if (this.state !== 'leaving') return;
    this.state = 'left';
    clearTimeout(this.timer);
    const wasHeard = await withinMs(this.lanes.sendOnBoth(this.makeBeat('left')), LAST_WORD_LIMIT_MS);
    if (wasHeard === true) this.logger.info({ incarnation: this.currentIncarnation }, 'left the cluster');
    else this.logger.warn({ incarnation: this.currentIncarnation }, 'left without being heard: the cluster will take this node for failed');
    this.stop();
  }

  private beat(dueMs: number): void {
    const state = this.state;
    if (state !== 'running' && state !== 'leaving') return;
    this.checks.runAll();
    void this.lanes.send(this.makeBeat(state, Math.max(0, performance.now() - dueMs)));
    if (!this.isIncarnationSettled && this.seq % ASK_AGAIN_BEATS === 0) void this.askIncarnation();
    this.arm(dueMs);
  }

  /** The timer is armed before anybody answers: a slow lane never delays the next beat. */
  private arm(lastMs: number): void {
    const nowMs = performance.now();
    const next = nextBeat({ firstMs: this.firstMs, intervalMs: this.intervalMs }, lastMs, nowMs);
    if (next.missed > 0) this.metrics.missed(next.missed);
    this.timer = setTimeout(() => this.beat(next.atMs), next.atMs - nowMs);
  }

  private makeBeat(state: Beat['state'], lateMs = 0): Beat {
    this.seq += 1;
    return {
      ...this.identity,
      incarnation: this.currentIncarnation,
      seq: this.seq,
      sentMonoMs: performance.now(),
      sentUnixMs: Date.now(),
      state,
      httpUrl: this.httpUrl(),
      probeUrl: null,
      mainLagMs: 0,
      vitals: { ...this.probe.read(lateMs), errorRate: this.operations.takeErrorRate(), checks: this.checks.results() },
    };
  }

  private httpUrl(): string | null {
    const { httpUrl } = this.options;
    if (typeof httpUrl !== 'function') return httpUrl ?? null;
    let url: string | undefined;
    try {
      url = httpUrl();
    } catch {
      // Not known yet: a server that does not listen has no port to tell.
      return null;
    }
    if (url === undefined || urlSchema.safeParse(url).success) return url ?? null;
    // No coordinator reads a beat with it: better a member that gets no requests than one that is taken for dead.
    if (!this.isUrlReported) this.logger.error({ httpUrl: url }, 'httpUrl is not the URL of a server: this node gets no requests until it reads http://host:port');
    this.isUrlReported = true;
    return null;
  }

  /** A beat that nobody could read is refused here, with the field named, and not by every coordinator. */
  private requireValid(beat: Beat): void {
    this.seq = 0;
    const parsed = beatSchema.safeParse(beat);
    if (!parsed.success) throw new Error(`this node cannot be a member: ${describeIssues(parsed.error)}`);
  }

  private async askIncarnation(): Promise<void> {
    if (!this.http.isPresent || this.isAsking) return;
    this.isAsking = true;
    const hasBeaten = this.seq > 0;
    const asked = this.http.knownIncarnation(this.nodeId).catch(() => undefined);
    void asked.finally(() => (this.isAsking = false));
    const known = await withinMs(asked, INCARNATION_LIMIT_MS);
    if (known === undefined || this.isIncarnationSettled) return;
    this.settleIncarnation(known, hasBeaten);
  }

  private noteResult(result: BeatResult): void {
    const known = result.knownIncarnation;
    if (!this.isIncarnationSettled) this.settleIncarnation(known, true);
    else if (result.outcome === 'stale' && known !== null && known > this.currentIncarnation && !this.isRivalReported) {
      this.isRivalReported = true;
      this.logger.error({ incarnation: this.currentIncarnation, known }, 'another process beats under this node id: give each its own node.id');
    }
  }

  private settleIncarnation(known: number | null, hasBeaten: boolean): void {
    this.isIncarnationSettled = true;
    const own = this.currentIncarnation;
    this.currentIncarnation = incarnationBeyond({ own, known, hasBeaten });
    if (this.currentIncarnation === own) return;
    this.seq = 0;
    if (hasBeaten) this.tellIncarnation();
    this.logger.warn({ own, known }, 'the cluster knows a later incarnation of this node (was a clock set back?): going on beyond it');
  }

  private tellIncarnation(): void {
    try {
      this.options.onIncarnation?.(this.currentIncarnation);
    } catch (error) {
      // A fault of the host; letting it pass would end the beats of a node that is well.
      this.logger.error({ err: error, incarnation: this.currentIncarnation }, 'onIncarnation threw: the host does not know which boot this is');
    }
  }

  /** Read through a call, because the state may change while something is awaited. */
  private isState(state: State): boolean {
    return this.state === state;
  }
}

/** The value, or undefined when it takes longer. The work itself goes on; it must not reject. */
async function withinMs<T>(work: Promise<T>, limitMs: number): Promise<T | undefined> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    limit = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(limit);
  }
}
