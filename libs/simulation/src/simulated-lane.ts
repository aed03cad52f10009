/**
 * The direct lane of one agent: one connection to the coordinator, opened again when it breaks.
 *
 * The kernel closes it when the process ends, and cannot when the host is gone or the way is cut: then it is half open, until the agent
 * waits in vain for an answer and begins anew.
 */
import type { ProbeResult } from '@muster/contracts';
import type { SimulatedBeat } from './simulated-beat.js';
import type { SimulatedNetwork } from './simulated-network.js';
import type { SimulatedProcess } from './simulated-process.js';
import { SimulatedStream } from './simulated-stream.js';
import type { VirtualClock } from './virtual-clock.js';

/** What a coordinator asks a member to look at. */
export interface ProbeOrder {
  readonly id: number;
  readonly nodeId: string;
  readonly incarnation: number;
  readonly timeLimitMs: number;
}

export interface ProbeReport {
  readonly id: number;
  readonly result: ProbeResult;
  readonly mainLagMs: number;
  /** How late the loop of the asker was. Milliseconds. */
  readonly lateMs: number;
}

/** One connection, as both ends know it. */
export interface LaneConnection {
  readonly nodeId: string;
  readonly incarnation: number;
  /** The coordinator answers a beat. */
  acknowledge(): void;
  order(order: ProbeOrder): void;
  /** The coordinator's kernel closes it, because its process ended. */
  hangUp(): void;
}

/** The coordinator's end: called by its kernel, whether or not it runs. */
export interface LaneServer {
  /** False while its process is gone: connections are refused. */
  readonly isListening: boolean;
  opened(connection: LaneConnection): void;
  closed(connection: LaneConnection): void;
  beat(connection: LaneConnection, beat: SimulatedBeat): void;
  probed(connection: LaneConnection, report: ProbeReport): void;
}

export interface LaneOptions {
  readonly nodeId: string;
  readonly coordinatorId: string;
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  readonly process: SimulatedProcess;
  readonly server: LaneServer;
  readonly onOrder: (order: ProbeOrder, report: (report: ProbeReport) => void) => void;
}

/** After so long without an answer to a beat the connection is given up. Milliseconds. */
const ANSWER_MS = 3000;
/** Pause before the next attempt to connect. Milliseconds. */
const RECONNECT_MS = 1000;

class Connection implements LaneConnection {
  readonly up: SimulatedStream;
  readonly down: SimulatedStream;

  constructor(
    private readonly lane: SimulatedLane,
    readonly nodeId: string,
    readonly incarnation: number,
    { clock, network, coordinatorId }: LaneOptions,
  ) {
    this.up = new SimulatedStream(clock, network.link(nodeId, coordinatorId));
    this.down = new SimulatedStream(clock, network.link(coordinatorId, nodeId));
  }

  acknowledge(): void {
    this.down.send(() => this.lane.acknowledged(this));
  }

  order(order: ProbeOrder): void {
    this.down.send(() => this.lane.ordered(this, order));
  }

  hangUp(): void {
    this.down.send(() => this.lane.hungUp(this));
  }
}

export class SimulatedLane {
  private connection: Connection | null = null;
  private incarnation = 0;
  private awaitsAnswer = false;

  constructor(private readonly options: LaneOptions) {}

  /** A process begins: it connects. */
  begin(incarnation: number): void {
    this.incarnation = incarnation;
    this.connect();
  }

  /** The process ended. Its kernel says so, if its host is still there. */
  end(isHostUp: boolean): void {
    if (this.connection !== null) this.close(this.connection, isHostUp);
  }

  /** False while there is no connection. */
  send(beat: SimulatedBeat): boolean {
    const { connection } = this;
    if (connection === null) return false;
    const { server, process } = this.options;
    connection.up.send(() => server.beat(connection, beat));
    if (!this.awaitsAnswer) {
      this.awaitsAnswer = true;
      process.wakeAfter(ANSWER_MS, () => {
        if (this.connection !== connection || !this.awaitsAnswer) return;
        // The answer may lie unread: what has arrived goes first.
        process.immediately(() => this.giveUp(connection));
      });
    }
    return true;
  }

  /** For the connection itself. */
  acknowledged(connection: Connection): void {
    this.options.process.receive(() => {
      if (this.connection === connection) this.awaitsAnswer = false;
    });
  }

  /** For the connection itself. */
  ordered(connection: Connection, order: ProbeOrder): void {
    const { process, onOrder, server } = this.options;
    process.receive(() => onOrder(order, (report) => connection.up.send(() => server.probed(connection, report))));
  }

  /** For the connection itself. */
  hungUp(connection: Connection): void {
    this.options.process.receive(() => {
      if (this.connection !== connection) return;
      this.close(connection, false);
      this.options.process.wakeAfter(RECONNECT_MS, () => this.connect());
    });
  }

  private giveUp(connection: Connection): void {
    if (this.connection !== connection || !this.awaitsAnswer) return;
    this.close(connection, true);
    this.options.process.wakeAfter(RECONNECT_MS, () => this.connect());
  }

  private connect(): void {
    if (this.connection !== null) return;
    const { clock, network, nodeId, coordinatorId, process, server } = this.options;
    const toMs = network.link(nodeId, coordinatorId).arrivalMs(clock.nowMs());
    const backMs = toMs === Infinity ? Infinity : network.link(coordinatorId, nodeId).arrivalMs(toMs);
    if (backMs === Infinity || !server.isListening) {
      process.wakeAfter(RECONNECT_MS, () => this.connect());
      return;
    }
    process.wakeAfter(backMs - clock.nowMs(), () => this.open());
  }

  private open(): void {
    if (this.connection !== null) return;
    const { nodeId, server } = this.options;
    const connection = new Connection(this, nodeId, this.incarnation, this.options);
    this.connection = connection;
    this.awaitsAnswer = false;
    connection.up.send(() => server.opened(connection));
  }

  private close(connection: Connection, isTold: boolean): void {
    this.connection = null;
    this.awaitsAnswer = false;
    connection.down.close();
    if (isTold) connection.up.send(() => this.options.server.closed(connection));
    else connection.up.close();
  }
}
