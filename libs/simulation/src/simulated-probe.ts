/**
 * One probe from one process to another: as much of TCP as decides what it finds. The kernel of the target accepts or refuses, the
 * process behind it answers or does not; what is lost is not sent again in time.
 */
import type { ProbeResult } from '@muster/contracts';
import { type Link, LOST, type SimulatedNetwork } from './simulated-network.js';
import type { SimulatedProcess } from './simulated-process.js';
import { Happening, type Planned, type VirtualClock } from './virtual-clock.js';

/** What can be probed. */
export interface Target {
  readonly nodeId: string;
  readonly isHostUp: boolean;
  readonly incarnation: number;
  readonly process: SimulatedProcess;
  /** How long its main loop has not moved. Milliseconds. */
  readonly mainLagMs: number;
}

export interface Asker {
  readonly nodeId: string;
  readonly process: SimulatedProcess;
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
}

export interface Finding {
  readonly result: ProbeResult;
  readonly mainLagMs: number;
  /** How late the asker learnt that its time was up. Milliseconds; 0 when it did not come to that. */
  readonly lateMs: number;
}

export function probe(asker: Asker, target: Target, incarnation: number, timeLimitMs: number, done: (finding: Finding) => void): void {
  new Probe(asker, target, incarnation, timeLimitMs, done).send();
}

/** Its own message: planned for when it reaches the target, and again for when the answer is back. */
class Probe extends Happening {
  private readonly startedAtMs: number;
  private readonly way: Link;
  private timer: Planned | null = null;
  private where: 'under way' | 'on its way back' = 'under way';
  /** When the asker's kernel learns that the target's took the connection. */
  private acceptedAtMs = LOST;
  private answer: ProbeResult = 'silent';
  private mainLagMs = 0;

  constructor(
    private readonly asker: Asker,
    private readonly target: Target,
    private readonly incarnation: number,
    private readonly timeLimitMs: number,
    private done: ((finding: Finding) => void) | null,
  ) {
    super();
    this.startedAtMs = asker.clock.nowMs();
    this.way = asker.network.link(asker.nodeId, target.nodeId);
  }

  send(): void {
    const { clock, process } = this.asker;
    // An answer that lies unread counts: it is taken before the time is up.
    this.timer = process.wakeAfter(this.timeLimitMs, () => process.immediately(() => this.timeIsUp()));
    const atMs = this.way.arrivalMs(this.startedAtMs);
    if (atMs !== LOST) clock.plan(atMs, this);
  }

  happen(nowMs: number): void {
    if (this.where === 'under way') this.reachTarget(nowMs);
    else this.asker.process.receive(() => this.finish(this.answer, this.mainLagMs, 0));
  }

  private reachTarget(nowMs: number): void {
    const { target } = this;
    if (!target.isHostUp) return;
    if (target.process.presence === 'gone') return this.reply('refused', nowMs);
    this.acceptedAtMs = this.way.back.arrivalMs(nowMs);
    target.process.receive(() => {
      const isIt = target.incarnation === this.incarnation;
      this.mainLagMs = isIt ? target.mainLagMs : 0;
      this.reply(isIt ? 'answered' : 'refused', this.asker.clock.nowMs());
    });
  }

  private reply(answer: ProbeResult, nowMs: number): void {
    this.answer = answer;
    this.where = 'on its way back';
    const atMs = this.way.back.arrivalMs(nowMs);
    if (atMs !== LOST) this.asker.clock.plan(atMs, this);
  }

  private timeIsUp(): void {
    const nowMs = this.asker.clock.nowMs();
    this.finish(this.acceptedAtMs <= nowMs ? 'accepted' : 'silent', 0, nowMs - this.startedAtMs - this.timeLimitMs);
  }

  private finish(result: ProbeResult, mainLagMs: number, lateMs: number): void {
    const { done } = this;
    this.done = null;
    this.timer?.cancel();
    done?.({ result, mainLagMs, lateMs });
  }
}
