/**
 * Makes the beats of a node: numbers and schedule, the direct lanes, the probe port, and the watch over the main loop.
 *
 * Runs in a thread of its own, so that it goes on while the main loop stands still, or in the main thread where that is not wanted.
 * Decides nothing about health, and knows the bus only as "the main thread said it was published".
 */
import type { AgentMessage, Beat, BeatResult, CoordinatorMessage } from '@muster/contracts';
import { type Deferred, deferred } from '../deferred.js';
import { incarnationBeyond } from '../incarnation.js';
import { DirectLanes } from '../lane/direct-lanes.js';
import { ProbeServer } from '../probe/probe-server.js';
import { ProbeDuty } from '../probe/probe-duty.js';
import { Reach } from '../probe/reach.js';
import { HostLimits } from '../vitals/host-limits.js';
import { ProcessVitals } from '../vitals/process-vitals.js';
import { BeatDesk } from './beat-desk.js';
import { nextBeat } from './beat-schedule.js';
import { LANE_CODES, LaneNote } from './lane-note.js';
import { MainWatch } from './main-watch.js';
import type { EngineSetup, FromEngine, LogLevel, MainFacts, ToEngine } from './messages.js';
import { monoMs } from './mono-clock.js';
import { withinMs } from '../within-ms.js';
import { SharedCounters } from './shared-counters.js';
import { ToldRarely } from './told-rarely.js';

/** How often the main loop, the lanes and our own lateness are looked at. Milliseconds. */
export const LOOK_MS = 50;
/** Three marks that were not made. Milliseconds. */
const MAIN_GRACE_MS = 150;
/** A main loop that does not move for so long is told of at once. Milliseconds. */
const STALLED_MS = 700;
/** Coming so late is worth a line in the log: neither this thread nor, most likely, any other of the process ran. Milliseconds. */
const PAUSE_TOLD_MS = 1000;
/** Longest wait for the cluster's word on our incarnation before the first beat goes out without it. Milliseconds. */
const WELCOME_MS_MAX = 1000;
/** How long a word that must arrive waits for its answer. Milliseconds. */
const SAY_MS_MAX = 1000;
/** How much longer the last word waits for the coordinators that did not hear it first: those who did not would look for a crash. Milliseconds. */
const LAST_WORD_MS_MAX = 250;
/** Coordinators whose first word may make the incarnation grow. Count. */
const FIRST_WORDS_MAX = 16;
/** Lines that may lie before the main thread. Count. */
const LOGS_WAITING_MAX = 32;

interface Word {
  readonly heard: Deferred<boolean>;
  /** By all who could. */
  readonly answered: Deferred<void>;
}

export class Engine {
  private readonly shared: SharedCounters;
  private readonly vitals = new ProcessVitals(new HostLimits());
  private readonly watch = new MainWatch({ lookMs: LOOK_MS, graceMs: MAIN_GRACE_MS });
  private readonly lanes: DirectLanes;
  private readonly desk: BeatDesk;
  private readonly duty: ProbeDuty;
  private readonly rarely = new ToldRarely<'pause' | 'stall'>();
  private readonly welcomed = deferred();
  private readonly words = new Map<number, Word>();
  /** Coordinators that told what they hold; null: this engine goes on for another one that asked them. */
  private readonly spoken: Set<string> | null;
  private probeServer: ProbeServer | null = null;
  private state: Beat['state'] | 'stopped';
  private facts: MainFacts;
  private incarnation: number;
  private hasBeaten: boolean;
  private isStalled = false;
  private stalledSinceMs = 0;
  /** What was ordered last, so far as this engine knows. */
  private isDraining: boolean | null = null;
  private isRivalReported = false;
  private logsPosted: number;
  private firstMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private looking: NodeJS.Timeout | undefined;
  private lookDueMs = 0;

  constructor(
    private readonly setup: EngineSetup,
    private readonly post: (message: FromEngine) => void,
  ) {
    this.shared = new SharedCounters(setup.shared);
    this.state = setup.state;
    this.facts = setup.facts;
    this.incarnation = setup.incarnation;
    this.hasBeaten = setup.isResumed;
    this.logsPosted = this.shared.get('logsTaken');
    this.duty = new ProbeDuty(this.shared, () => new Reach([this.facts.httpUrl, this.probeServer?.url ?? null]));
    this.spoken = setup.isResumed && this.isSettled ? null : new Set();
    this.lanes = new DirectLanes({
      nodeId: setup.identity.nodeId,
      coordinators: setup.coordinators,
      wire: setup.wire,
      incarnation: () => this.incarnation,
      shared: this.shared,
      onKnown: (known, coordinatorId) => this.noteKnown(known, coordinatorId),
      onTried: () => this.noteTried(),
      onHeard: (beat, result) => this.heard(beat, result),
      onAnswered: (beat) => this.words.get(beat.seq)?.answered.resolve(),
      onProbe: (message, answer) => this.probe(message, answer),
      onDrain: (isDraining, reason) => this.drain(isDraining, reason),
    });
    const note = new LaneNote({ log: (level, facts, message) => this.log(level, facts, message), onChange: (lane) => this.shared.set('laneInUse', LANE_CODES[lane]) });
    this.desk = new BeatDesk({
      lanes: this.lanes,
      post,
      note,
      intervalMs: setup.identity.intervalMs,
      onSent: () => void this.shared.add('sentDirect'),
      onFailed: () => void this.shared.add('failedDirect'),
    });
  }

  /** Resolves after the first beat. */
  async start(): Promise<void> {
    this.lookDueMs = monoMs() + LOOK_MS;
    this.looking = setInterval(() => this.look(), LOOK_MS);
    this.lanes.open();
    await this.listen();
    if (!this.hasBeaten) await this.awaitWelcome();
    if (this.state !== 'running' && this.state !== 'leaving') return;
    if (!this.hasBeaten) this.post({ kind: 'incarnation', incarnation: this.incarnation });
    this.firstMs = monoMs();
    this.beat(this.firstMs);
  }

  receive(message: ToEngine): void {
    switch (message.kind) {
      case 'confirmed':
        this.facts = message.facts;
        return this.desk.confirmed(message.seq, message.reason, message.facts);
      case 'coordinators':
        return this.lanes.keepTo(message.urls);
      case 'say':
        return void this.say(message.beat);
    }
  }

  /** At once and without a word, as a crash would. */
  stop(): void {
    this.fallSilent();
    clearInterval(this.looking);
    this.lanes.close();
    this.probeServer?.close();
  }

  private fallSilent(): void {
    this.state = 'stopped';
    clearTimeout(this.timer);
    this.desk.close();
    this.welcomed.resolve();
  }

  private async listen(): Promise<void> {
    const { probe } = this.setup;
    if (probe === null) return;
    try {
      const port = await ProbeServer.listen({ ...probe, port: this.shared.get('probePort'), answer: () => this.probeAnswer(), onServed: () => void this.shared.add('probesServed') });
      if (this.state === 'stopped') return port.close();
      this.probeServer = port;
      this.shared.set('probePort', port.port);
    } catch (error) {
      this.log('warn', { host: probe.host, error: String(error) }, 'the probe port cannot be opened: others will look at the HTTP port alone');
    }
  }

  private probeAnswer(): string {
    return JSON.stringify({ v: 1, nodeId: this.setup.identity.nodeId, incarnation: this.incarnation, mainLagMs: this.watch.lagMs });
  }

  private async awaitWelcome(): Promise<void> {
    if (this.lanes.count === 0 || this.isSettled) return;
    const limit = setTimeout(() => this.welcomed.resolve(), WELCOME_MS_MAX);
    await this.welcomed.promise;
    clearTimeout(limit);
  }

  /** The timer is armed before anybody answers: a slow lane never delays the next beat. */
  private beat(dueMs: number): void {
    if (this.state !== 'running' && this.state !== 'leaving') return;
    this.desk.hand(this.makeBeat(this.state), dueMs);
    this.hasBeaten = true;
    const nowMs = monoMs();
    const next = nextBeat({ firstMs: this.firstMs, intervalMs: this.setup.identity.intervalMs }, dueMs, nowMs);
    if (next.missed > 0) this.shared.add('missed', next.missed);
    this.timer = setTimeout(() => this.beat(next.atMs), next.atMs - nowMs);
  }

  private makeBeat(state: Beat['state']): Beat {
    const { httpUrl, vitals } = this.facts;
    return {
      ...this.setup.identity,
      incarnation: this.incarnation,
      seq: this.shared.add('seq'),
      sentMonoMs: monoMs(),
      sentUnixMs: Date.now(),
      state,
      httpUrl,
      probeUrl: this.probeServer?.url ?? null,
      mainLagMs: this.watch.lagMs,
      vitals: { ...this.vitals.read(), ...vitals, eventLoopDelayMs: Math.max(vitals.eventLoopDelayMs, this.watch.lagMs) },
    };
  }

  private look(): void {
    const nowMs = monoMs();
    const lateMs = Math.max(0, nowMs - this.lookDueMs);
    this.duty.noteLate(lateMs);
    this.lookDueMs = nowMs + LOOK_MS;
    this.lanes.look(nowMs, lateMs);
    if (!this.setup.watchesMain) return;
    if (lateMs >= PAUSE_TOLD_MS) this.warnRarely('pause', { pausedMs: Math.round(lateMs) }, nowMs, `this process did not run for ${seconds(lateMs)}: it was stopped, or its host had no time for it`);
    const lagMs = this.watch.look(this.shared.get('mainMark'), nowMs);
    this.shared.set('mainLagMs', Math.round(lagMs));
    if (this.isStalled ? lagMs > 0 : lagMs < STALLED_MS) return;
    this.isStalled = !this.isStalled;
    if (this.isStalled) this.stalledSinceMs = nowMs - lagMs;
    else this.warnRarely('stall', { stoodStillMs: Math.round(nowMs - this.stalledSinceMs) }, nowMs, `the main loop stood still for ${seconds(nowMs - this.stalledSinceMs)}: the cluster gives no new work to a node that stands still`);
    if (this.hasBeaten && (this.state === 'running' || this.state === 'leaving')) this.desk.handAtOnce(this.makeBeat(this.state));
  }

  /** A word that must arrive. The lanes end after the last one was answered, so that a leave does not look like a crash. */
  private async say(beat: Beat): Promise<void> {
    this.state = beat.state;
    const isLast = beat.state === 'left';
    if (isLast) this.fallSilent();
    const wasHeard = this.lanes.count > 0 && (await this.answerTo(beat, isLast));
    this.shared.add(wasHeard ? 'sentDirect' : 'failedDirect');
    if (isLast) this.lanes.close();
    this.post({ kind: 'said', seq: beat.seq, wasHeard });
  }

  private async answerTo(beat: Beat, isLast: boolean): Promise<boolean> {
    const word: Word = { heard: deferred<boolean>(), answered: deferred() };
    const limit = setTimeout(() => word.heard.resolve(false), SAY_MS_MAX);
    this.words.set(beat.seq, word);
    this.lanes.send(beat);
    const wasHeard = await word.heard.promise;
    clearTimeout(limit);
    if (isLast && wasHeard) await withinMs(word.answered.promise, LAST_WORD_MS_MAX);
    this.words.delete(beat.seq);
    return wasHeard;
  }

  private heard(beat: Beat, result: BeatResult): void {
    this.words.get(beat.seq)?.heard.resolve(result.outcome !== 'rejected');
    this.desk.heard(beat, result);
  }

  private get isSettled(): boolean {
    return this.shared.get('incarnationSettled') === 1;
  }

  /** The first word of each coordinator counts: one that lags behind knows less. Later surprises are another process under our name. */
  private noteKnown(known: number | null, coordinatorId: string): void {
    const isFirstWord = this.spoken !== null && !this.spoken.has(coordinatorId) && this.spoken.size < FIRST_WORDS_MAX;
    if (isFirstWord) this.spoken.add(coordinatorId);
    if (isFirstWord && !this.isRivalReported) this.settle(known);
    else if (known !== null && known > this.incarnation && !this.isRivalReported) {
      this.isRivalReported = true;
      this.log('error', { incarnation: this.incarnation, known }, 'another process beats under this node id: give each its own node.id');
    }
  }

  /** All have told what they hold, as far as they can be reached: nothing is left to wait for. */
  private noteTried(): void {
    if (this.isSettled && this.lanes.haveAllTried) this.welcomed.resolve();
  }

  private settle(known: number | null): void {
    this.shared.set('incarnationSettled', 1);
    const own = this.incarnation;
    this.incarnation = incarnationBeyond({ own, known, hasBeaten: this.hasBeaten });
    if (this.incarnation === own) return;
    this.shared.set('seq', 0);
    this.lanes.greet();
    if (this.hasBeaten) this.post({ kind: 'incarnation', incarnation: this.incarnation });
    this.log('warn', { own, known }, 'the cluster knows a later incarnation of this node (was a clock set back?): going on beyond it');
  }

  private drain(isDraining: boolean, reason: string): void {
    if (isDraining === this.isDraining) return;
    this.isDraining = isDraining;
    this.post({ kind: 'drain', isDraining, reason });
  }

  private probe({ id, target, timeLimitMs }: Extract<CoordinatorMessage, { kind: 'probe' }>, answer: (message: AgentMessage) => boolean): void {
    void this.duty.look(target, timeLimitMs).then((finding) => {
      if (finding !== null && !answer({ v: 1, kind: 'probed', id, ...finding })) this.shared.add('laneMessagesDropped');
    });
  }

  /** A main loop that stands still takes nothing: lines beyond the limit are left out. */
  /** What a busy machine does to us is told once a minute, not each time. */
  private warnRarely(kind: 'pause' | 'stall', facts: object, nowMs: number, message: string): void {
    const untold = this.rarely.happened(kind, nowMs);
    if (untold !== null) this.log('warn', { ...facts, untold }, untold === 0 ? message : `${message} (and ${untold} times before, since this was told last)`);
  }

  private log(level: LogLevel, facts: object, message: string): void {
    if (this.logsPosted - this.shared.get('logsTaken') >= LOGS_WAITING_MAX) return;
    this.logsPosted += 1;
    this.post({ kind: 'log', level, facts, message });
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
