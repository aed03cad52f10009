/**
 * An observer with a membership, and nodes that beat and answer probes, in virtual time. Everything takes a few milliseconds, nothing is
 * random: the same script gives the same lines.
 */
import type { Beat, ProbeResult } from '@muster/contracts';
import { detectorConfig } from '@muster/failure-detector';
import { SCORE_DEFAULTS } from '@muster/health-score';
import { type Change, changesOf, type Command, Membership, membershipRules, type MembershipSettings, type SingleCommand } from '@muster/membership';
import { type Effect, type Now, Observer, type ObserverInput, TICK_MS } from '../src/index.js';
import { beatOf, T0 } from './fixtures.js';

/** What became of a node. `gone`: host or link is away; `cut`: beats are lost, probes answer. */
export type Mode = 'well' | 'killed' | 'gone' | 'stopped' | 'frozen' | 'cut' | 'left';

export interface WorldOptions {
  readonly nodes: number;
  readonly zones?: number;
  readonly intervalMs?: number;
  readonly ownIntervalMs?: number;
  readonly partitions?: number;
  readonly failureTimeoutMs?: number;
  readonly hungTimeoutMs?: number;
  readonly brakeFraction?: number;
  readonly flap?: MembershipSettings['flap'];
  readonly lanes?: boolean;
  /** Whether members announce where they can be looked at. */
  readonly addressed?: boolean;
}

export interface Node {
  readonly nodeId: string;
  readonly zone: string;
  readonly partition: number;
  mode: Mode;
  modeAtMs: number;
  incarnation: number;
  seq: number;
  frozenAtMs: number;
  intervalMs: number;
}

interface Planned {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

const SELF = 'self';
const BUS_MS = 5;
const COMMIT_MS = 5;

export class World {
  nowMs = 0;
  readonly membership: Membership;
  readonly observer: Observer;
  readonly nodes = new Map<string, Node>();
  readonly lines: string[] = [];
  readonly effects: Effect[] = [];
  isBusUp = true;
  showsProbes = false;
  /** Nodes whose ports refuse whatever they do. */
  readonly refuses = new Set<string>();
  /** Nodes that probes cannot reach. */
  readonly mutes = new Set<string>();
  /** From whose probes a node is hidden; and members that do not hear what we ask. */
  hides: (nodeId: string, by: string) => boolean = () => false;
  readonly deaf = new Set<string>();
  /** Beats that are lost on the bus. */
  loses: (beat: Beat, nowMs: number) => boolean = () => false;
  /** Commits so far, each with its changes. */
  readonly commits: string[][] = [];
  /** When a record of a partition, and a beat of a node, was last read; when a probe of ours was last silent or refused. */
  readonly readAtMs = new Map<number, number>();
  readonly heardAtMs = new Map<string, number>();
  readonly silentAtMs = new Map<string, number>();
  /** Told of commands when they are about to be appended, and of transitions when they were. */
  beforeCommit: (commands: readonly SingleCommand[]) => void = () => undefined;
  onEffect: (effect: Effect) => void = () => undefined;
  onSettled: (ticket: number) => void = () => undefined;
  /** By how much our wall clock is wrong. */
  clockErrorMs = 0;
  /** How long we did not run, in all. */
  pausedMs = 0;
  onTransition: (change: Extract<Change, { kind: 'transition' }>) => void = () => undefined;
  private readonly queue: Planned[] = [];
  private order = 0;
  private alarm = 0;
  private pausedUntilMs = 0;
  private readonly waiting: (() => void)[] = [];
  private seq = 0;

  constructor(readonly options: WorldOptions) {
    const { failureTimeoutMs = 15_000, hungTimeoutMs = 60_000, brakeFraction = 0.3, ownIntervalMs = 1000, flap } = options;
    this.membership = new Membership(membershipRules({ stabilisationMs: 30_000, ...(flap === undefined ? {} : { flap }) }));
    this.observer = new Observer(
      {
        nodeId: SELF,
        membership: this.membership,
        detector: detectorConfig({ phiThreshold: 8, failureTimeoutMs }),
        score: SCORE_DEFAULTS,
        intervalMs: ownIntervalMs,
        rules: { failureTimeoutMs, hungTimeoutMs, brakeFraction, brakeHoldMs: 60_000, probeTimeLimitMs: 500 },
      },
      this.now,
    );
    this.step({ kind: 'role', isLeader: true, term: 1 });
    this.step({ kind: 'bus', isUp: true });
    this.tick();
    this.ownBeat();
    for (let at = 1; at <= options.nodes; at++) this.add(`n${at}`, at);
  }

  get now(): Now {
    return { ms: this.nowMs, unixMs: T0 + this.nowMs + this.clockErrorMs };
  }

  add(nodeId: string, at: number): Node {
    const { zones = 1, intervalMs = 1000, partitions = 2, lanes = true } = this.options;
    const node: Node = { nodeId, zone: `zone-${at % zones}`, partition: at % partitions, mode: 'well', modeAtMs: 0, incarnation: 1, seq: 0, frozenAtMs: 0, intervalMs };
    this.nodes.set(nodeId, node);
    this.after((at * 137) % intervalMs, () => {
      if (lanes) this.step({ kind: 'lane', nodeId, incarnation: 1, is: 'open' });
      this.beatOn(node, 1);
    });
    return node;
  }

  node(nodeId: string): Node {
    const node = this.nodes.get(nodeId);
    if (node === undefined) throw new Error(`the world has no node '${nodeId}'`);
    return node;
  }

  set(nodeId: string, mode: Mode): void {
    const node = this.node(nodeId);
    const { lanes = true } = this.options;
    if (mode === 'frozen') node.frozenAtMs = this.nowMs;
    node.mode = mode;
    node.modeAtMs = this.nowMs;
    if (mode === 'killed' && lanes) this.after(1, () => this.step({ kind: 'lane', nodeId, incarnation: node.incarnation, is: 'closed' }));
    if (mode === 'left') this.send(node, { state: 'left' });
  }

  restart(nodeId: string): void {
    const node = this.node(nodeId);
    node.incarnation += 1;
    node.seq = 0;
    node.mode = 'well';
    node.modeAtMs = this.nowMs;
    const { incarnation } = node;
    if (this.options.lanes ?? true) this.step({ kind: 'lane', nodeId, incarnation, is: 'open' });
    this.beatOn(node, incarnation);
  }

  /** We do not run for a while; what happens meanwhile is read afterwards, timers last. */
  pause(durationMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.nowMs + durationMs);
    this.pausedMs += durationMs;
    this.at(this.pausedUntilMs, () => {
      for (const run of this.waiting.splice(0)) run();
    });
  }

  runUntil(untilMs: number): void {
    for (;;) {
      this.queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const next = this.queue[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.queue.shift();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = untilMs;
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  status(nodeId: string): string {
    return this.membership.member(nodeId)?.record.status ?? 'unknown';
  }

  step(input: ObserverInput): void {
    if (this.nowMs < this.pausedUntilMs) {
      this.waiting.push(() => this.step(input));
      return;
    }
    if (input.kind === 'beats') {
      if (input.partition !== null) this.readAtMs.set(input.partition, this.nowMs);
      for (const { beat } of input.beats) this.heardAtMs.set(beat.nodeId, this.nowMs);
    }
    if (input.kind === 'settled') this.onSettled(input.ticket);
    if (input.kind === 'probed' && input.by === SELF && (input.result === 'silent' || input.result === 'refused')) this.silentAtMs.set(input.nodeId, this.nowMs);
    for (const effect of this.observer.step(input, this.now)) this.perform(effect);
  }

  /** A command of an operator, or of anybody else. */
  apply(command: Command): void {
    const outcome = this.membership.apply({ index: this.membership.index + 1, term: 1, command });
    const changes = changesOf(outcome);
    if (changes.length > 0) this.step({ kind: 'changes', changes });
  }

  private at(atMs: number, run: () => void): void {
    this.queue.push({ atMs, order: this.order++, run });
  }

  private perform(effect: Effect): void {
    this.effects.push(effect);
    this.onEffect(effect);
    switch (effect.kind) {
      case 'arm': {
        const token = ++this.alarm;
        if (effect.atMs !== null) this.at(Math.max(this.nowMs + 1, Math.ceil(effect.atMs)), () => token === this.alarm && this.step({ kind: 'alarm' }));
        return;
      }
      case 'probe':
        return this.probe(effect);
      case 'propose':
        return this.after(COMMIT_MS, () => this.commit(effect.ticket));
      case 'report':
        if (effect.note.kind === 'withheld') this.line(`withheld ${effect.note.nodeId} ${effect.note.cause}: ${effect.note.detail}`);
        if (effect.note.kind === 'unobserved') this.line(`unobserved ${effect.note.partition === null ? 'all' : `partition ${effect.note.partition}`} for ${Math.round(effect.note.unobservedMs)} ms`);
        if (effect.note.kind === 'rejected') this.line(`rejected ${effect.note.command} of ${effect.note.nodeId ?? 'a zone'}: ${effect.note.why}`);
        return;
    }
  }

  private probe({ target, by, timeLimitMs, askedAtMs }: Extract<Effect, { kind: 'probe' }>): void {
    const asker = by === SELF ? 'well' : this.deaf.has(by) ? 'gone' : this.node(by).mode;
    const { result, tookMs } = this.hides(target.nodeId, by) ? { result: 'silent' as const, tookMs: timeLimitMs } : this.found(target.nodeId, target.incarnation, timeLimitMs);
    const known = asker === 'well' ? result : null;
    const mainLagMs = this.lagOf(this.node(target.nodeId));
    this.after(asker === 'well' ? tookMs : timeLimitMs + 250, () => {
      if (this.showsProbes) this.line(`probe of ${target.nodeId} by ${by}: ${known ?? 'no opinion'}`);
      this.step({ kind: 'probed', nodeId: target.nodeId, incarnation: target.incarnation, by, result: known, mainLagMs, askedAtMs, lateMs: 0 });
    });
  }

  private found(nodeId: string, incarnation: number, timeLimitMs: number): { readonly result: ProbeResult; readonly tookMs: number } {
    const node = this.node(nodeId);
    if (this.refuses.has(nodeId)) return { result: 'refused', tookMs: 2 };
    if (this.mutes.has(nodeId)) return { result: 'silent', tookMs: timeLimitMs };
    switch (node.mode) {
      case 'well':
      case 'frozen':
      case 'cut':
        return { result: node.incarnation === incarnation ? 'answered' : 'refused', tookMs: 2 };
      case 'killed':
      case 'left':
        return { result: 'refused', tookMs: 2 };
      case 'stopped':
        return { result: 'accepted', tookMs: timeLimitMs };
      case 'gone':
        return { result: 'silent', tookMs: timeLimitMs };
    }
  }

  private commit(ticket: number): void {
    if (this.nowMs < this.pausedUntilMs) {
      this.waiting.push(() => this.commit(ticket));
      return;
    }
    const proposed = this.effects.findLast((effect) => effect.kind === 'propose' && effect.ticket === ticket);
    if (proposed?.kind === 'propose') this.beforeCommit(proposed.commands);
    const held = this.observer.stillHolds(ticket, this.now);
    const [first] = held;
    if (first === undefined) {
      this.line('proposal withdrawn');
      return this.step({ kind: 'settled', ticket, result: 'withdrawn', outcome: null });
    }
    const command: Command = held.length === 1 ? first : { kind: 'many', term: 1, atUnixMs: this.now.unixMs, commands: held };
    const outcome = this.membership.apply({ index: this.membership.index + 1, term: 1, command });
    const changes = changesOf(outcome);
    const told: string[] = [];
    for (const change of changes) {
      if (change.kind === 'transition') this.onTransition(change);
      if (change.kind === 'transition') told.push(`${change.member.nodeId} ${change.from ?? 'unknown'} -> ${change.member.status}${change.failure === null ? '' : ` ${change.failure}`} (${change.member.reason})`);
      if (change.kind === 'brake') told.push(`brake ${change.step} of ${change.brake.zone ?? 'the cluster'} for ${change.brake.nodeIds.join(' ')} (${change.reason})`);
      if (change.kind === 'updated') told.push(`${change.member.nodeId} updated`);
    }
    for (const text of told) this.line(text);
    if (told.length > 0) this.commits.push(told);
    if (changes.length > 0) this.step({ kind: 'changes', changes });
    this.step({ kind: 'settled', ticket, result: 'applied', outcome });
  }

  private tick(): void {
    this.after(TICK_MS, () => {
      const resumeMs = Math.max(this.nowMs, this.pausedUntilMs);
      this.at(resumeMs, () => {
        this.step({ kind: 'tick' });
        this.tick();
      });
    });
  }

  private ownBeat(): void {
    const { partitions = 2, ownIntervalMs = 1000 } = this.options;
    this.seq += 1;
    const beat = beatOf({ nodeId: SELF, seq: this.seq, sentMonoMs: this.nowMs, intervalMs: ownIntervalMs, service: 'coordinator' });
    this.step({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'local', partition: null });
    for (let partition = 0; partition < partitions; partition++) this.publish(beat, partition);
    this.after(ownIntervalMs, () => this.ownBeat());
  }

  private beatOn(node: Node, incarnation: number): void {
    if (node.incarnation !== incarnation || node.mode === 'killed' || node.mode === 'left') return;
    if (node.mode !== 'stopped') this.send(node);
    this.after(node.intervalMs, () => this.beatOn(node, incarnation));
  }

  /** A beat of a node that is read at this very moment, whatever became of the node. */
  speak(node: Node): void {
    node.seq += 1;
    const { nodeId, zone, incarnation, seq, intervalMs } = node;
    const beat = beatOf({ nodeId, zone, incarnation, seq, intervalMs, sentMonoMs: this.nowMs });
    this.step({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'direct', partition: null });
  }

  /** One beat of a node, now. */
  send(node: Node, more: Partial<Beat> = {}): void {
    node.seq += 1;
    const { nodeId, zone, incarnation, seq, intervalMs } = node;
    const beat = beatOf({ nodeId, zone, incarnation, seq, intervalMs, sentMonoMs: this.nowMs, mainLagMs: this.lagOf(node), ...(this.options.addressed === false ? { httpUrl: null, probeUrl: null } : {}), ...more });
    if (node.mode === 'cut' || node.mode === 'gone') return;
    if (this.isBusUp) this.publish(beat, node.partition);
    else if (this.options.lanes ?? true) this.after(1, () => this.step({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'direct', partition: null }));
  }

  private publish(beat: Beat, partition: number): void {
    if (!this.isBusUp || this.loses(beat, this.nowMs)) return;
    this.after(BUS_MS, () => this.step({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'bus', partition }));
  }

  private lagOf(node: Node): number {
    return node.mode === 'frozen' ? this.nowMs - node.frozenAtMs : 0;
  }

  private line(text: string): void {
    this.lines.push(`${(this.nowMs / 1000).toFixed(3)} ${text}`);
  }
}
