/**
 * A member: beats on a grid by the bus, and by HTTP what the bus did not acknowledge within an interval. Its kernel
 * answers probes when the process is gone; nobody answers when the host is.
 */
import type { ProbeResult } from '@muster/evidence';
import type { Beat, Vitals } from '@muster/contracts';
import type { Profile } from '@muster/membership';
import type { SimulatedNetwork } from './simulated-network.js';
import { SimulatedProcess } from './simulated-process.js';
import type { Planned, VirtualClock } from './virtual-clock.js';
import type { WideLane } from './wide-lane.js';

export type Ending = 'process' | 'host' | 'left';
export interface NodeOptions {
  readonly nodeId: string;
  readonly zone: string;
  readonly intervalMs: number;
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  readonly lane: WideLane;
  readonly coordinatorId: string;
  /** The other lane: a beat that reached the coordinator by HTTP. */
  readonly deliverDirect: (beat: Beat) => void;
  /** Its clock against the true one. Ratio, about 1. */
  readonly clockRate: number;
  /** Told of each beat in the process itself, before it goes anywhere. */
  readonly onBeat?: (beat: Beat) => void;
}

/** Wall time of the start of every run. Milliseconds since 1970. */
export const EPOCH_UNIX_MS = 1_700_000_000_000;
const WELL: Vitals = { cpuProcess: 0.1, cpuHost: 0.2, memory: 0.4, eventLoopDelayMs: 12, errorRate: 0, checks: [] };

export class SimulatedNode {
  readonly process: SimulatedProcess;
  readonly profile: Profile;
  private isHostUp = true;
  private currentIncarnation = 0;
  private startedAtMs = 0;
  private seq = 0;
  private state: Beat['state'] = 'running';
  private unacknowledged: Beat | null = null;
  private next: Planned | null = null;

  constructor(private readonly options: NodeOptions) {
    const { nodeId, zone, clock } = options;
    this.process = new SimulatedProcess(clock, nodeId);
    this.process.end();
    this.profile = { service: 'node', zone, tags: {}, resources: { cores: 2, memoryBytes: 1e9 }, httpUrl: `http://${nodeId}:8080`, probeUrl: null };
  }

  get nodeId(): string {
    return this.options.nodeId;
  }

  /** Of its latest life; 0 before the first. */
  get incarnation(): number {
    return this.currentIncarnation;
  }

  get isRunning(): boolean {
    return this.process.presence !== 'gone';
  }

  /** Begins a life: beats at once, then every interval. */
  start(): void {
    this.process.begin();
    this.isHostUp = true;
    this.startedAtMs = this.options.clock.nowMs();
    this.currentIncarnation = Math.max(this.currentIncarnation + 1, EPOCH_UNIX_MS + Math.round(this.startedAtMs));
    this.seq = 0;
    this.state = 'running';
    this.unacknowledged = null;
    this.beat();
  }

  /** Ends without a word: the process alone, or its host with it. */
  crash(how: 'process' | 'host'): void {
    this.process.end();
    this.isHostUp = how === 'process';
  }

  /** Says its last word, and ends. */
  leave(): void {
    this.state = 'left';
    this.next?.cancel();
    this.beat();
    this.process.end();
  }

  /** A probe reached this host; `reply` is called when something goes back. */
  probed(incarnation: number, reply: (result: ProbeResult) => void): void {
    if (!this.isHostUp) return;
    if (this.process.presence === 'gone') return reply('refused');
    this.process.receive(() => reply(incarnation === this.currentIncarnation ? 'answered' : 'refused'));
  }

  private beat(): void {
    const { clock, intervalMs, lane, nodeId } = this.options;
    if (this.unacknowledged !== null) this.sendDirect(this.unacknowledged);
    const beat = this.makeBeat();
    this.options.onBeat?.(beat);
    this.unacknowledged = beat;
    const isTaken = lane.publish(nodeId, beat, () => {
      if (this.unacknowledged === beat) this.unacknowledged = null;
    });
    if (!isTaken) {
      this.unacknowledged = null;
      this.sendDirect(beat);
    }
    const sinceMs = clock.nowMs() - this.startedAtMs;
    const dueMs = (Math.floor(sinceMs / intervalMs + 1e-6) + 1) * intervalMs;
    this.next = this.process.wakeAfter(dueMs - sinceMs, 'beat', () => this.beat());
  }

  private sendDirect(beat: Beat): void {
    const { network, nodeId, coordinatorId, deliverDirect } = this.options;
    network.send(nodeId, coordinatorId, 'direct', () => deliverDirect(beat));
  }

  private makeBeat(): Beat {
    const { clock, intervalMs, nodeId, clockRate } = this.options;
    const nowMs = clock.nowMs();
    this.seq += 1;
    return {
      v: 1,
      nodeId,
      incarnation: this.currentIncarnation,
      seq: this.seq,
      sentMonoMs: (nowMs - this.startedAtMs) * clockRate,
      sentUnixMs: EPOCH_UNIX_MS + Math.round(nowMs),
      intervalMs,
      state: this.state,
      ...this.profile,
      mainLagMs: 0,
      vitals: WELL,
    };
  }
}
