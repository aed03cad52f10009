/**
 * Runs the observer: gives it beats, time, changes and what probes found, and does what it wants done.
 *
 * Decides nothing: what is evidence, whom to ask and what to propose is in `evidence`; what may become of it in `membership`.
 */
import type { ProbeFinding } from '@muster/agent';
import type { Beat, Logger, ProbeTarget, Why } from '@muster/contracts';
import { type Effect, type Lane, type NewestBeat, type Now, type ObservedPulse, type Observer, type ObserverInput, TICK_MS } from '@muster/evidence';
import type { Command, SingleCommand } from '@muster/membership';
import type { Clock } from '../clock.js';
import type { Cluster } from '../cluster.js';
import type { Mandate } from '../log/replicated-log.js';
import type { HelperAnswer } from '../lane/lane.js';
import type { CoordinatorMetrics } from '../metrics.js';
import { DetectionLog } from './detection-log.js';
import { Lateness } from './lateness.js';

export interface DetectionOptions {
  readonly nodeId: string;
  readonly observer: Pick<Observer, 'step' | 'stillHolds' | 'isNews' | 'pulse' | 'why' | 'doubtReason' | 'incarnation' | 'size'>;
  readonly cluster: Pick<Cluster, 'propose' | 'mandate' | 'onMandate' | 'listen'>;
  readonly clock: Clock;
  /** Looks at a member from here. */
  readonly probe: (target: ProbeTarget, timeLimitMs: number) => Promise<ProbeFinding>;
  /** Asks another member to look; null when it has no opinion. */
  readonly ask: (by: string, target: ProbeTarget, timeLimitMs: number) => Promise<HelperAnswer | null>;
  readonly metrics: Pick<CoordinatorMetrics, 'noted'>;
  readonly logger: Logger;
  /** Whether the bus is there, as far as its client knows. */
  readonly isBusUp: () => boolean;
}

type ProbeEffect = Extract<Effect, { kind: 'probe' }>;
type ProposeEffect = Extract<Effect, { kind: 'propose' }>;

export class Detection {
  private readonly waiting: ObserverInput[] = [];
  private readonly proposals = new Set<Promise<void>>();
  private readonly lateness: Lateness;
  private readonly log: DetectionLog;
  private ticker: { cancel(): void } | null = null;
  private alarm: { cancel(): void } | null = null;
  private isStepping = false;
  private isStopped = false;
  private wasBusUp: boolean | null = null;
  private mandate: Mandate | null = null;
  private stopListening: () => void = () => undefined;

  constructor(private readonly options: DetectionOptions) {
    this.lateness = new Lateness(TICK_MS, options.clock.nowMs());
    this.log = new DetectionLog(options.logger);
  }

  /** Begins to look. */
  start(): void {
    this.stopListening = this.options.cluster.listen((changes) => this.give({ kind: 'changes', changes }));
    // Who may judge knows it at once, and who may no longer as well.
    this.options.cluster.onMandate(() => this.lookAround());
    this.lateness.tick(this.options.clock.nowMs());
    this.lookAround();
    this.armTick();
  }

  stop(): void {
    this.isStopped = true;
    this.ticker?.cancel();
    this.alarm?.cancel();
    this.stopListening();
  }

  /** Whether everything that follows from what was heard so far is agreed, or came to nothing. */
  get isSettled(): boolean {
    return this.proposals.size === 0;
  }

  /** Takes beats that came together, the newest of each node; `partition` is null when it was not the bus that brought them. */
  heard(beats: readonly NewestBeat[], lane: Lane, partition: number | null): void {
    if (beats.length === 0) return;
    this.lookAround();
    this.give({ kind: 'beats', beats, lane, partition });
  }

  laneChanged(nodeId: string, incarnation: number, is: 'open' | 'closed'): void {
    this.give({ kind: 'lane', nodeId, incarnation, is });
  }

  /** Whether a beat tells more than is known, before it is given. */
  isNews(beat: Pick<Beat, 'nodeId' | 'incarnation' | 'seq'>): boolean {
    return !this.isStopped && this.options.observer.isNews(beat);
  }

  /** Highest incarnation that was seen of a node; null when it is unknown. */
  incarnation(nodeId: string): number | null {
    return this.options.observer.incarnation(nodeId);
  }

  /** Nodes that are watched. */
  get size(): number {
    return this.options.observer.size;
  }

  pulse(nodeId: string, nowMs: number): ObservedPulse | null {
    return this.options.observer.pulse(nodeId, nowMs);
  }

  why(nodeId: string): Why | null {
    return this.options.observer.why(nodeId, this.now());
  }

  /** Why no verdicts are given; empty when they are. */
  doubtReason(): string {
    return this.options.observer.doubtReason(this.options.clock.nowMs());
  }

  private now(): Now {
    return { ms: this.options.clock.nowMs(), unixMs: this.options.clock.nowUnixMs() };
  }

  /** One step after another: what a step sets off waits until its effects are performed. */
  private give(input: ObserverInput): void {
    if (this.isStopped) return;
    this.waiting.push(input);
    if (this.isStepping) return;
    this.isStepping = true;
    try {
      for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
        for (const effect of this.options.observer.step(next, this.now())) this.perform(effect);
      }
    } finally {
      this.isStepping = false;
    }
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case 'arm':
        return this.arm(effect.atMs);
      case 'probe':
        return void this.probe(effect);
      case 'propose': {
        const proposal = this.propose(effect);
        this.proposals.add(proposal);
        return void proposal.finally(() => this.proposals.delete(proposal));
      }
      case 'report':
        this.options.metrics.noted(effect.note);
        return this.log.note(effect.note, this.options.clock.nowMs());
    }
  }

  /** Tells the observer what changed about the bus and about our role. */
  private lookAround(): void {
    const { isBusUp, cluster } = this.options;
    const mandate = cluster.mandate();
    if (this.mandate?.isLeader !== mandate.isLeader || this.mandate.term !== mandate.term) {
      this.mandate = mandate;
      this.give({ kind: 'role', ...mandate });
    }
    const isUp = isBusUp();
    if (this.wasBusUp !== isUp) {
      this.wasBusUp = isUp;
      this.give({ kind: 'bus', isUp });
    }
  }

  private armTick(): void {
    this.ticker = this.options.clock.wakeAfter(TICK_MS, () => {
      this.armTick();
      this.tick();
    });
  }

  private tick(): void {
    this.lateness.tick(this.options.clock.nowMs());
    this.lookAround();
    this.give({ kind: 'tick' });
    this.log.tick(this.doubtReason(), this.options.clock.nowMs());
  }

  private arm(atMs: number | null): void {
    const { clock } = this.options;
    this.alarm?.cancel();
    this.alarm = null;
    if (atMs === null) return;
    // A wake just before the deadline, by rounding, would come again and again.
    const alarm = clock.wakeAfter(Math.max(1, Math.ceil(atMs - clock.nowMs())), () => {
      // Beats that arrived while the loop was busy are handled first: they are older than this alarm.
      setImmediate(() => {
        if (this.alarm !== alarm) return;
        this.alarm = null;
        this.give({ kind: 'alarm' });
      });
    });
    this.alarm = alarm;
  }

  private async probe({ target, by, timeLimitMs, askedAtMs }: ProbeEffect): Promise<void> {
    const { nodeId, incarnation } = target;
    const { result, mainLagMs, lateMs } = await (by === this.options.nodeId ? this.probeOurselves(target, timeLimitMs) : this.probeThrough(by, target, timeLimitMs));
    this.give({ kind: 'probed', nodeId, incarnation, by, result, mainLagMs, askedAtMs, lateMs });
  }

  private async probeOurselves(target: ProbeTarget, timeLimitMs: number): Promise<HelperAnswer> {
    const { probe, clock } = this.options;
    const sinceMs = clock.nowMs();
    const finding = await probe(target, timeLimitMs);
    return { ...finding, lateMs: this.lateness.since(sinceMs, clock.nowMs()) };
  }

  private async probeThrough(by: string, target: ProbeTarget, timeLimitMs: number): Promise<Omit<HelperAnswer, 'result'> & { result: HelperAnswer['result'] | null }> {
    return (await this.options.ask(by, target, timeLimitMs)) ?? { result: null, mainLagMs: 0, lateMs: 0 };
  }

  /** What was learnt since it was decided is asked at the last moment: of many commands those that still hold go on. */
  private async propose({ ticket, commands }: ProposeEffect): Promise<void> {
    const { cluster, observer } = this.options;
    const entry = entryOf(commands);
    if (entry === null) return this.give({ kind: 'settled', ticket, result: 'withdrawn', outcome: null });
    const proposed = await cluster.propose(entry, { revise: () => entryOf(observer.stillHolds(ticket, this.now())) });
    this.give({ kind: 'settled', ticket, result: proposed.kind, outcome: proposed.kind === 'applied' ? proposed.outcome : null });
  }
}

/** Commands that were decided together are one entry. */
function entryOf(commands: readonly SingleCommand[]): Command | null {
  const [first] = commands;
  if (first === undefined) return null;
  if (commands.length === 1) return first;
  return { kind: 'many', term: first.term, atUnixMs: first.atUnixMs, commands };
}
