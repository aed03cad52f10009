/**
 * The loop sense -> decide -> propose. Stands for `Detection` of apps/coordinator, which the simulation cannot import: same order,
 * same figures; only its promises, metrics and reaping are left out.
 */
import type { Beat } from '@muster/contracts';
import { ProbeRounds, type ProbeResult, SelfDoubt, type Sightings } from '@muster/evidence';
import { decide, isGone, type MemberCommand, type Membership, type Proposal } from '@muster/membership';
import { EPOCH_UNIX_MS } from '../simulated-node.js';
import type { SimulatedProcess } from '../simulated-process.js';
import type { Planned, VirtualClock } from '../virtual-clock.js';
import type { SimulatedLog } from './simulated-log.js';

export type Lane = 'bus' | 'http' | 'local';

export interface DetectionLoopOptions {
  readonly nodeId: string;
  readonly intervalMs: number;
  readonly clock: VirtualClock;
  readonly process: SimulatedProcess;
  readonly membership: Membership;
  readonly sights: Sightings;
  readonly log: SimulatedLog;
  readonly probe: (nodeId: string, incarnation: number, done: (result: ProbeResult) => void) => void;
  readonly isBusUp: () => boolean;
}

const TICK_MS = 250;
const LATENESS_MS = 500;
const BLIND_INTERVALS = 2;
const GRACE_INTERVALS = 5;

export class DetectionLoop {
  private readonly doubt: SelfDoubt;
  private readonly rounds = new ProbeRounds();
  private readonly pending = new Set<string>();
  private alarm: Planned | null = null;
  private alarmAtMs = Infinity;
  private hasOverdue = false;

  constructor(private readonly options: DetectionLoopOptions) {
    this.doubt = new SelfDoubt({ tickMs: TICK_MS, latenessMs: LATENESS_MS, blindAfterMs: BLIND_INTERVALS * options.intervalMs }, options.clock.nowMs());
  }

  start(): void {
    this.armTick();
  }

  /** Takes the newest beat of one node, of `arrivedCount` that came together. */
  heard(beat: Beat, arrivedCount: number, lane: Lane): void {
    const { sights, nodeId, isBusUp, clock } = this.options;
    const nowMs = clock.nowMs();
    const isOwn = beat.nodeId === nodeId;
    if (lane === 'bus' && isOwn && beat.incarnation === sights.incarnation(nodeId)) this.sees('bus', nowMs);
    else if (lane === 'http' && !isOwn && !isBusUp()) this.sees('http', nowMs);
    const outcome = sights.heard(beat, arrivedCount, { ms: nowMs, unixMs: EPOCH_UNIX_MS + Math.round(nowMs) });
    if (outcome === 'stale') return;
    this.consider(beat.nodeId, nowMs);
    if (outcome === 'new') this.armFor(beat.nodeId, nowMs);
  }

  private sees(lane: 'bus' | 'http', nowMs: number): void {
    const blindMs = this.doubt.proven(lane, nowMs);
    if (blindMs > 0) this.excuse(nowMs, blindMs);
  }

  private excuse(nowMs: number, unobservedMs: number): void {
    this.options.sights.excuse(nowMs, unobservedMs, GRACE_INTERVALS * this.options.intervalMs);
    this.arm();
  }

  private armTick(): void {
    this.options.process.wakeAfter(TICK_MS, 'tick', () => {
      this.armTick();
      this.notePause();
      if (this.hasOverdue) this.look();
    });
  }

  private notePause(): void {
    const nowMs = this.options.clock.nowMs();
    const lateMs = this.doubt.tick(nowMs);
    if (lateMs > 0) this.excuse(nowMs, lateMs);
  }

  private arm(): void {
    const nowMs = this.options.clock.nowMs();
    const atMs = this.options.sights.detectors.nextDeadlineMs(nowMs) ?? Infinity;
    if (atMs !== this.alarmAtMs) this.armAt(atMs, nowMs);
  }

  private armAt(atMs: number, nowMs: number): void {
    this.alarm?.cancel();
    this.alarm = null;
    this.alarmAtMs = atMs;
    if (atMs === Infinity) return;
    this.alarm = this.options.process.wakeAfter(Math.max(1, Math.ceil(atMs - nowMs)), 'alarm', () => {
      this.alarmAtMs = Infinity;
      this.options.process.immediately('look', () => {
        this.notePause();
        this.look();
        this.arm();
      });
    });
  }

  private armFor(nodeId: string, nowMs: number): void {
    const deadlineMs = this.options.sights.detectors.deadlineMs(nodeId, nowMs);
    if (deadlineMs !== null && deadlineMs < this.alarmAtMs) this.armAt(deadlineMs, nowMs);
  }

  private look(): void {
    const { clock, sights, membership } = this.options;
    const nowMs = clock.nowMs();
    const overdue = sights.detectors.overdue(nowMs).filter((nodeId) => {
      const member = membership.member(nodeId);
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
    const sight = this.options.sights.sight(nodeId, nowMs);
    if (sight === null) return;
    const proposal = decide(this.options.membership.member(nodeId), sight);
    if (proposal !== null) this.submit(nodeId, proposal, { incarnation: sight.incarnation, seq: sight.seq });
  }

  private submit(nodeId: string, proposal: Proposal, known: { readonly incarnation: number; readonly seq: number }): void {
    const { log, clock } = this.options;
    this.pending.add(nodeId);
    const command: MemberCommand = { ...proposal, ...known, term: log.term, atUnixMs: EPOCH_UNIX_MS + Math.round(clock.nowMs()), nodeId };
    log.propose(command, () => this.stillHolds(nodeId, proposal), (outcome) => {
      this.pending.delete(nodeId);
      if (outcome === null || outcome.kind !== 'rejected') this.consider(nodeId, clock.nowMs());
    });
  }

  private stillHolds(nodeId: string, proposal: Proposal): boolean {
    if (proposal.kind !== 'suspect' && proposal.kind !== 'down') return true;
    const sight = this.options.sights.sight(nodeId, this.options.clock.nowMs());
    return sight !== null && decide(this.options.membership.member(nodeId), sight)?.kind === proposal.kind;
  }

  private ask(nodeId: string, askedAtMs: number): void {
    const { membership, nodeId: ownId, probe, clock } = this.options;
    const record = membership.member(nodeId)?.record;
    if (record === undefined || record.httpUrl === null || nodeId === ownId || !this.rounds.take(nodeId, askedAtMs)) return;
    probe(nodeId, record.incarnation, (result) => {
      const nowMs = clock.nowMs();
      this.rounds.done(nodeId, result, nowMs);
      if (this.options.sights.incarnation(nodeId) !== record.incarnation) return;
      this.note(nodeId, result, askedAtMs);
      if (this.doubt.isBlind(nowMs)) return;
      this.consider(nodeId, nowMs);
      this.arm();
    });
  }

  private note(nodeId: string, result: ProbeResult, askedAtMs: number): void {
    switch (result) {
      case 'answered':
        return this.options.sights.answered(nodeId, askedAtMs);
      case 'refused':
        return this.options.sights.refused(nodeId);
      case 'silent':
        return this.options.sights.unanswered(nodeId);
    }
  }
}
