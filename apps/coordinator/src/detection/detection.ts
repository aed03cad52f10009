/**
 * Turns beats, silence and probes into proposals: the loop sense -> decide -> propose, with one timer for the
 * earliest deadline of all nodes.
 *
 * The rules are in cores: stages and deadlines in `failure-detector`, policy in `membership`'s `decide`.
 */
import { type Beat, isLive, type Logger } from '@muster/contracts';
import { decide, describeRejection, isGone, type MemberCommand, type Outcome, type Proposal } from '@muster/membership';
import type { Clock } from '../clock.js';
import type { Cluster } from '../cluster.js';
import type { CoordinatorMetrics } from '../metrics.js';
import type { Probe } from './prober.js';
import { type Now, ProbeRounds, SelfDoubt, type Sightings } from '@muster/evidence';

export interface DetectionOptions {
  readonly nodeId: string;
  readonly cluster: Cluster;
  readonly sightings: Sightings;
  readonly clock: Clock;
  readonly probe: Probe;
  readonly metrics: CoordinatorMetrics;
  readonly logger: Logger;
  /** Interval of our own beats. Milliseconds. */
  readonly intervalMs: number;
  /** Whether the bus is there, as far as its client knows. */
  readonly isBusUp: () => boolean;
}

export type Lane = 'bus' | 'http' | 'local';

const TICK_MS = 250;
const LATENESS_MS = 500;
/** Intervals without proof after which we take ourselves for blind. The last proof may be one interval younger than another node's last beat: three are its deadline. */
const BLIND_INTERVALS = 2;
/** Absences from this many intervals on give everybody a full deadline. */
const GRACE_INTERVALS = 5;
/** Proposals that may follow from one another before we stop waiting for the end. Count. */
const SETTLE_ROUNDS_MAX = 10;
/** Time between two looks for members to forget. Milliseconds. */
const REAP_EVERY_MS = 60_000;

export class Detection {
  private readonly doubt: SelfDoubt;
  private readonly rounds = new ProbeRounds();
  private readonly pending = new Map<string, Promise<void>>();
  private ticker: { cancel(): void } | null = null;
  private alarm: { cancel(): void } | null = null;
  private alarmAtMs = Infinity;
  private hasOverdue = false;
  private isStopped = false;
  private reapedAtMs: number;
  private stopListening: () => void = () => undefined;

  constructor(private readonly options: DetectionOptions) {
    const nowMs = options.clock.nowMs();
    this.doubt = new SelfDoubt({ tickMs: TICK_MS, latenessMs: LATENESS_MS, blindAfterMs: BLIND_INTERVALS * options.intervalMs }, nowMs);
    this.reapedAtMs = nowMs;
  }

  /** Takes up the members that are known, and begins to look. */
  start(): void {
    const { cluster, sightings, clock } = this.options;
    const now = this.now();
    for (const member of cluster.membership.all()) sightings.resume(member, now);
    this.stopListening = cluster.listen((change) => {
      if (change.kind === 'removed') sightings.forget(change.nodeId);
      else if (change.kind === 'transition') sightings.agreed(change.member, change.from, clock.nowMs());
    });
    this.armTick();
    this.arm();
  }

  stop(): void {
    this.isStopped = true;
    this.ticker?.cancel();
    this.alarm?.cancel();
    this.stopListening();
  }

  /** Resolves when everything that follows from what was heard so far is agreed, or cannot be. */
  async settle(): Promise<void> {
    for (let round = 0; this.pending.size > 0 && round < SETTLE_ROUNDS_MAX; round++) await Promise.all(this.pending.values());
  }

  /** Takes the newest beat of one node, of `arrivedCount` new ones that came together. */
  heard(beat: Beat, arrivedCount: number, lane: Lane): 'accepted' | 'stale' {
    if (this.isStopped) return 'stale';
    const { sightings, nodeId, isBusUp } = this.options;
    const now = this.now();
    const isOwn = beat.nodeId === nodeId;
    // Our own beat takes the short way too; only the one that went round through the bus proves that others' can reach us.
    // One of our last life, read late, proves nothing. Beats by HTTP prove it only while the bus is away and agents know that:
    // else most of them still use the bus.
    if (lane === 'bus' && isOwn && beat.incarnation === sightings.incarnation(nodeId)) this.sees('bus', now.ms);
    else if (lane === 'http' && !isOwn && !isBusUp()) this.sees('http', now.ms);
    const outcome = sightings.heard(beat, arrivedCount, now);
    if (outcome === 'stale') return 'stale';
    this.consider(beat.nodeId, now.ms);
    if (outcome === 'new') this.armFor(beat.nodeId, now.ms);
    return 'accepted';
  }

  /** Why no verdicts are given; empty when they are. */
  doubtReason(): string {
    return this.doubt.reason(this.options.clock.nowMs());
  }

  private now(): Now {
    return { ms: this.options.clock.nowMs(), unixMs: this.options.clock.nowUnixMs() };
  }

  private sees(lane: 'bus' | 'http', nowMs: number): void {
    const blindMs = this.doubt.proven(lane, nowMs);
    if (blindMs === 0) return;
    this.excuse(nowMs, blindMs);
    this.options.logger.info({ lane, blindMs: Math.round(blindMs) }, 'beats reach this coordinator: it judges');
  }

  private excuse(nowMs: number, unobservedMs: number): void {
    this.options.sightings.excuse(nowMs, unobservedMs, GRACE_INTERVALS * this.options.intervalMs);
    this.options.metrics.unobserved(unobservedMs);
    this.arm();
  }

  private armTick(): void {
    this.ticker = this.options.clock.wakeAfter(TICK_MS, () => {
      this.armTick();
      this.tick();
    });
  }

  private tick(): void {
    const nowMs = this.options.clock.nowMs();
    this.notePause(nowMs);
    if (this.hasOverdue) this.look();
    if (nowMs - this.reapedAtMs >= REAP_EVERY_MS) this.reap(nowMs);
  }

  private notePause(nowMs: number): void {
    const lateMs = this.doubt.tick(nowMs);
    if (lateMs === 0) return;
    this.excuse(nowMs, lateMs);
    this.options.logger.warn({ lateMs: Math.round(lateMs) }, 'this coordinator did not run for a while: all deadlines move by as much');
  }

  /** Arms the one timer for the earliest deadline. Beats move deadlines later, so they need not come here. */
  private arm(): void {
    const nowMs = this.options.clock.nowMs();
    const atMs = this.options.sightings.detectors.nextDeadlineMs(nowMs) ?? Infinity;
    if (atMs !== this.alarmAtMs) this.armAt(atMs, nowMs);
  }

  private armAt(atMs: number, nowMs: number): void {
    this.alarm?.cancel();
    this.alarm = null;
    this.alarmAtMs = atMs;
    if (atMs === Infinity) return;
    // A wake just before the deadline, by rounding, would come again and again.
    this.alarm = this.options.clock.wakeAfter(Math.max(1, Math.ceil(atMs - nowMs)), () => {
      this.alarmAtMs = Infinity;
      // Beats that arrived while the loop was busy are handled first: they are older than this alarm.
      setImmediate(() => {
        if (this.isStopped) return;
        // Were we stopped between the alarm and here, it is we who were silent.
        this.notePause(this.options.clock.nowMs());
        this.look();
        this.arm();
      });
    });
  }

  /** A node that is watched from now on may be due before all others; asking only for it keeps joining cheap. */
  private armFor(nodeId: string, nowMs: number): void {
    const deadlineMs = this.options.sightings.detectors.deadlineMs(nodeId, nowMs);
    if (deadlineMs !== null && deadlineMs < this.alarmAtMs) this.armAt(deadlineMs, nowMs);
  }

  /** Looks at all nodes whose beats are overdue. */
  private look(): void {
    const { clock, sightings, cluster } = this.options;
    const nowMs = clock.nowMs();
    const overdue = sightings.detectors.overdue(nowMs).filter((nodeId) => {
      const member = cluster.membership.member(nodeId);
      return member !== undefined && !isGone(member.record.status);
    });
    this.hasOverdue = overdue.length > 0;
    this.rounds.keepOnly(new Set(overdue));
    if (this.doubt.isBlind(nowMs)) return;
    for (const nodeId of overdue) this.consider(nodeId, nowMs);
    for (const nodeId of this.rounds.inTurn(overdue)) this.ask(nodeId, nowMs);
  }

  private consider(nodeId: string, nowMs: number): void {
    if (this.pending.has(nodeId)) return;
    const sight = this.options.sightings.sight(nodeId, nowMs);
    if (sight === null) return;
    const proposal = decide(this.options.cluster.membership.member(nodeId), sight);
    if (proposal !== null) this.pending.set(nodeId, this.submit(nodeId, proposal, { incarnation: sight.incarnation, seq: sight.seq }));
  }

  /** One proposal per node at a time; when it was applied, the next is looked for at once. */
  private async submit(nodeId: string, proposal: Proposal, known: { incarnation: number; seq: number }): Promise<void> {
    const { cluster, clock, metrics, logger } = this.options;
    const command: MemberCommand = { ...proposal, ...known, term: cluster.status().term, atUnixMs: clock.nowUnixMs(), nodeId };
    const proposed = await cluster.propose(command, { stillHolds: () => this.stillHolds(nodeId, proposal) });
    this.pending.delete(nodeId);
    // What vetoed it may ask for something else at once, and be the last word of that node.
    if (proposed.kind === 'withdrawn') this.consider(nodeId, clock.nowMs());
    if (proposed.kind !== 'applied') return;
    if (proposed.outcome.kind === 'rejected') {
      logger.debug({ member: nodeId, proposal: proposal.kind, why: describeRejection(proposed.outcome.rejection) }, 'a proposal was rejected when it was applied');
      return;
    }
    if (proposal.kind === 'down') metrics.failure(proposal.failure, proposal.silenceMs + Math.max(0, clock.nowUnixMs() - command.atUnixMs));
    if (proposal.kind === 'join' && isReplacement(proposed.outcome)) metrics.replaced();
    this.consider(nodeId, clock.nowMs());
  }

  /** A beat that came since vetoes what was decided without it. */
  private stillHolds(nodeId: string, proposal: Proposal): boolean {
    if (proposal.kind !== 'suspect' && proposal.kind !== 'down') return true;
    const { cluster, clock, sightings } = this.options;
    const sight = sightings.sight(nodeId, clock.nowMs());
    return sight !== null && decide(cluster.membership.member(nodeId), sight)?.kind === proposal.kind;
  }

  private ask(nodeId: string, nowMs: number): void {
    const record = this.options.cluster.membership.member(nodeId)?.record;
    if (record === undefined || record.httpUrl === null || nodeId === this.options.nodeId) return;
    if (this.rounds.take(nodeId, nowMs)) void this.probe({ nodeId, incarnation: record.incarnation, httpUrl: record.httpUrl });
  }

  private async probe(target: { nodeId: string; incarnation: number; httpUrl: string }): Promise<void> {
    const { probe, clock, sightings, metrics } = this.options;
    const askedAtMs = clock.nowMs();
    const result = await probe(target);
    const nowMs = clock.nowMs();
    metrics.probe(result);
    this.rounds.done(target.nodeId, result, nowMs);
    // A new incarnation that came meanwhile has nothing to do with the answer.
    if (this.isStopped || sightings.incarnation(target.nodeId) !== target.incarnation) return;
    switch (result) {
      case 'answered':
        sightings.answered(target.nodeId, askedAtMs);
        break;
      case 'refused':
        sightings.refused(target.nodeId);
        break;
      case 'silent':
        sightings.unanswered(target.nodeId);
        break;
    }
    if (this.doubt.isBlind(nowMs)) return;
    this.consider(target.nodeId, nowMs);
    this.arm();
  }

  private reap(nowMs: number): void {
    const { cluster, clock, sightings } = this.options;
    this.reapedAtMs = nowMs;
    sightings.forgetStrangers((nodeId) => cluster.membership.member(nodeId) !== undefined || this.pending.has(nodeId), nowMs);
    const atUnixMs = clock.nowUnixMs();
    for (const { record, seq } of cluster.membership.reapable(atUnixMs)) {
      const { nodeId, incarnation } = record;
      void cluster.propose({ kind: 'reap', term: cluster.status().term, atUnixMs, nodeId, incarnation, seq, reason: `${record.status} for long` });
    }
  }
}

/** A member that was in service and is another process now: the old one failed without our seeing it. */
function isReplacement(outcome: Outcome): boolean {
  if (outcome.kind !== 'changed' || outcome.change.kind !== 'transition') return false;
  const { from } = outcome.change;
  return from !== null && isLive(from) && from !== 'LEAVING';
}
