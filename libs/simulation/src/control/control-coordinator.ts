/**
 * One coordinator of several: the real observer and state machine in its main thread, the real Raft core in another, an agent of its own,
 * and the end of everybody's lane to it. Performs effects in the order of apps/coordinator and decides nothing.
 */
import type { Beat } from '@muster/contracts';
import { type Effect, newestBeats, type Now, type Observer, type ObserverInput, type ObserverOptions, TICK_MS } from '@muster/evidence';
import { type Change, changesOf, type Command, type Entry, type MembershipRules, type Outcome, type SingleCommand } from '@muster/membership';
import { Alarm } from '../coordinator/alarm.js';
import { observe } from '../observe.js';
import type { AppliedState } from '../raft/applied-state.js';
import type { RaftMember } from '../raft/raft-member.js';
import { EPOCH_UNIX_MS, type SimulatedBeat } from '../simulated-beat.js';
import { BUS, PARTITIONS, SimulatedBus } from '../simulated-bus.js';
import type { LaneConnection, LaneServer, ProbeReport } from '../simulated-lane.js';
import type { SimulatedNetwork } from '../simulated-network.js';
import { probe, type Target } from '../simulated-probe.js';
import { SimulatedProcess } from '../simulated-process.js';
import type { VirtualClock } from '../virtual-clock.js';
import { AgreedLog, type CommandBook } from './agreed-log.js';
import type { KafkaModel } from './kafka-model.js';
import { Outbox } from './outbox.js';

export interface CoordinatorHost {
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  readonly kafka: KafkaModel;
  readonly book: CommandBook;
  readonly rules: MembershipRules;
  readonly observer: Omit<ObserverOptions, 'nodeId' | 'membership'>;
  readonly snapshotEntries: number;
  readonly findTarget: (nodeId: string) => Target | undefined;
  readonly onApplied: (coordinator: ControlCoordinator, entry: Entry, outcome: Outcome) => void;
  readonly onState: (coordinator: ControlCoordinator, state: AppliedState) => void;
}

/** For the way to a helper and back, beyond its time to look. Milliseconds. */
const HELPER_EXTRA_MS = 250;

export class ControlCoordinator implements LaneServer {
  readonly main: SimulatedProcess;
  readonly bus: SimulatedBus;
  readonly log: AgreedLog;
  readonly outbox: Outbox;
  private readonly alarm: Alarm;
  private readonly lanes = new Map<string, LaneConnection>();
  private readonly asked = new Map<number, (report: ProbeReport | null) => void>();
  private observer: Observer;
  private inputs: ObserverInput[] = [];
  private isStepping = false;
  private orders = 0;
  private wasBusUp: boolean | null = null;

  constructor(
    readonly nodeId: string,
    readonly member: RaftMember,
    /** Its wall clock against the true one. Milliseconds. */
    private readonly wallErrorMs: number,
    private readonly host: CoordinatorHost,
  ) {
    const { clock, network, kafka, book, rules, snapshotEntries, onApplied, onState } = host;
    this.main = new SimulatedProcess(clock);
    this.main.end();
    this.bus = new SimulatedBus({ clock, network, reader: nodeId, deliver: (partition, beats) => this.arrive(partition, beats) });
    this.alarm = new Alarm(clock, this.main, () => this.give({ kind: 'alarm' }));
    this.log = new AgreedLog({
      member,
      main: this.main,
      book,
      rules,
      snapshotEntries,
      onApplied: (entry, outcome) => {
        onApplied(this, entry, outcome);
        this.changed(changesOf(outcome));
      },
      onMissed: (changes) => this.changed(changes),
      onState: (state) => onState(this, state),
      onMandate: () => this.mandateChanged(),
    });
    this.outbox = new Outbox({
      process: this.main,
      kafka,
      membership: () => this.log.membership,
      isOurs: () => this.log.mandate.isLeader,
      term: () => this.log.mandate.term,
      propose: (command, done) => this.log.propose(command, (outcome) => done(outcome !== null)),
    });
    this.observer = this.makeObserver();
  }

  get isListening(): boolean {
    return this.main.presence !== 'gone';
  }

  start(): void {
    this.main.begin();
    this.log.begin();
    this.outbox.begin();
    this.observer = this.makeObserver();
    this.inputs = [];
    this.isStepping = false;
    this.wasBusUp = null;
    this.member.start();
    this.give({ kind: 'role', ...this.log.mandate });
    this.lookAround();
    this.tick();
  }

  /** Its process ends, all threads of it, and the kernel hangs up. */
  end(): void {
    this.main.end();
    this.alarm.arm(null);
    this.asked.clear();
    for (const connection of this.lanes.values()) connection.hangUp();
    this.lanes.clear();
  }

  opened(connection: LaneConnection): void {
    const { nodeId, incarnation } = connection;
    this.main.receive(() => {
      this.lanes.set(nodeId, connection);
      this.give({ kind: 'lane', nodeId, incarnation, is: 'open' });
    });
  }

  closed(connection: LaneConnection): void {
    const { nodeId, incarnation } = connection;
    this.main.receive(() => {
      if (this.lanes.get(nodeId) !== connection) return;
      this.lanes.delete(nodeId);
      this.give({ kind: 'lane', nodeId, incarnation, is: 'closed' });
    });
  }

  beat(connection: LaneConnection, beat: SimulatedBeat): void {
    this.main.receive(() => {
      connection.acknowledge();
      this.give({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'direct', partition: null });
    });
  }

  probed(_connection: LaneConnection, report: ProbeReport): void {
    this.main.receive(() => this.asked.get(report.id)?.(report));
  }

  /** A beat of its own agent; through each partition as well: that it comes back proves that others would be heard. */
  ownBeat(beat: SimulatedBeat, ownPartition: number): void {
    this.main.receive(() => this.give({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'local', partition: null }));
    const { network } = this.host;
    const [to, back] = [network.link(this.nodeId, BUS), network.link(BUS, this.nodeId)];
    for (let partition = 0; partition < PARTITIONS; partition++) if (partition !== ownPartition) this.bus.publish(beat, partition, to, back);
  }

  private makeObserver(): Observer {
    const agreed = (): AgreedLog['membership'] => this.log.membership;
    return observe(
      {
        ...this.host.observer,
        nodeId: this.nodeId,
        membership: {
          member: (nodeId) => agreed().member(nodeId),
          all: () => agreed().all(),
          reapable: (nowUnixMs) => agreed().reapable(nowUnixMs),
          braked: (nodeId, nowUnixMs) => agreed().braked(nodeId, nowUnixMs),
          brakes: () => agreed().brakes(),
          damping: (nodeId, nowUnixMs) => agreed().damping(nodeId, nowUnixMs),
          get rules() {
            return agreed().rules;
          },
        },
      },
      this.now(),
    );
  }

  private arrive(partition: number, beats: readonly SimulatedBeat[]): void {
    this.main.receive(() => this.give({ kind: 'beats', beats: newestBeats(beats as readonly Beat[]).values(), lane: 'bus', partition }));
  }

  private changed(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.give({ kind: 'changes', changes });
    this.outbox.wake();
  }

  private mandateChanged(): void {
    const { mandate } = this.log;
    this.give({ kind: 'role', ...mandate });
    if (mandate.isLeader && this.log.membership.needsRules(this.host.rules)) {
      this.log.propose({ kind: 'rules', term: mandate.term, atUnixMs: this.now().unixMs, reason: 'settings of the leader', rules: this.host.rules }, () => undefined);
    }
    this.outbox.wake();
  }

  private lookAround(): void {
    const { isUp } = this.bus;
    if (this.wasBusUp === isUp) return;
    this.wasBusUp = isUp;
    this.give({ kind: 'bus', isUp });
  }

  private tick(): void {
    this.main.wakeAfter(TICK_MS, () => {
      this.tick();
      this.lookAround();
      this.give({ kind: 'tick' });
    });
  }

  private now(): Now {
    const ms = this.host.clock.nowMs();
    return { ms, unixMs: Math.round(EPOCH_UNIX_MS + ms + this.wallErrorMs) };
  }

  /** One step after another: what a step sets off waits until its effects are performed. */
  private give(input: ObserverInput): void {
    this.inputs.push(input);
    if (this.isStepping) return;
    this.isStepping = true;
    for (let next = this.inputs.shift(); next !== undefined; next = this.inputs.shift()) {
      for (const effect of this.observer.step(next, this.now())) this.perform(effect);
    }
    this.isStepping = false;
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case 'arm':
        return this.alarm.arm(effect.atMs);
      case 'probe':
        return effect.by === this.nodeId ? this.look(effect) : this.ask(effect);
      case 'propose':
        return this.main.immediately(() => this.propose(effect.ticket));
      case 'report':
        return;
    }
  }

  private propose(ticket: number): void {
    const command = asOne(this.observer.stillHolds(ticket, this.now()));
    if (command === null) return this.give({ kind: 'settled', ticket, result: 'withdrawn', outcome: null });
    this.log.propose(command, (outcome) => this.give({ kind: 'settled', ticket, result: outcome === null ? 'unavailable' : 'applied', outcome }));
  }

  private look({ target, by, timeLimitMs, askedAtMs }: Extract<Effect, { kind: 'probe' }>): void {
    const { nodeId, incarnation } = target;
    const { clock, network, findTarget } = this.host;
    const there = findTarget(nodeId);
    if (there === undefined) return this.main.immediately(() => this.give({ kind: 'probed', nodeId, incarnation, by, result: 'silent', mainLagMs: 0, askedAtMs, lateMs: 0 }));
    probe({ nodeId: this.nodeId, process: this.main, clock, network }, there, incarnation, timeLimitMs, (finding) => this.give({ kind: 'probed', nodeId, incarnation, by, askedAtMs, ...finding }));
  }

  private ask({ target, by, timeLimitMs, askedAtMs }: Extract<Effect, { kind: 'probe' }>): void {
    const { nodeId, incarnation } = target;
    const id = this.orders++;
    const answer = (report: ProbeReport | null): void => {
      if (!this.asked.delete(id)) return;
      timeout.cancel();
      this.give({ kind: 'probed', nodeId, incarnation, by, result: report?.result ?? null, mainLagMs: report?.mainLagMs ?? 0, askedAtMs, lateMs: report?.lateMs ?? 0 });
    };
    const lane = this.lanes.get(by);
    const timeout = this.main.wakeAfter(lane === undefined ? 0 : timeLimitMs + HELPER_EXTRA_MS, () => this.main.immediately(() => answer(null)));
    this.asked.set(id, answer);
    lane?.order({ id, nodeId, incarnation, timeLimitMs });
  }
}

function asOne(commands: readonly SingleCommand[]): Command | null {
  const [first] = commands;
  if (first === undefined) return null;
  return commands.length === 1 ? first : { kind: 'many', term: first.term, atUnixMs: first.atUnixMs, commands };
}
