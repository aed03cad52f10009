/** A plain SWIM group on the processes of a world: it meets the very weather that ours does. Judged by what really happened, as ours is. */
import { type Durations, durations } from '../durations.js';
import type { Life } from '../ground-truth.js';
import type { SimulatedNode } from '../simulated-node.js';
import type { World } from '../world.js';
import { SETTLED_MS } from '../weather.js';
import { type News, SwimMember, type SwimMessage } from './swim-member.js';

export interface SwimFigures {
  /** From the end of a process to the first member that calls it dead. */
  readonly processCrashToDown: Durations;
  readonly hostCrashToDown: Durations;
  /** Processes that live, have no weather of their own, and were called dead by somebody; of those, the ones that were not starved, called so by somebody who was well too. Count. */
  readonly wrongDowns: number;
  readonly wrongDownsOfWell: number;
  /** From the first such call to its refutation by the one who was called dead. */
  readonly wrongDownMs: Durations;
  readonly wrongSuspects: number;
}

interface Body {
  readonly node: SimulatedNode;
  member: SwimMember | null;
  life: Life | null;
}

export class SwimGroup {
  private readonly bodies = new Map<string, Body>();
  private readonly found = new Set<Life>();
  private readonly accused = new Map<string, number>();
  private readonly suspected = new Set<string>();
  private readonly toDown = { process: [] as number[], host: [] as number[] };
  private readonly wrongMs: number[] = [];
  private counts = { wrongDowns: 0, ofWell: 0, wrongSuspects: 0 };

  constructor(private readonly world: World) {
    for (const node of world.nodes) this.bodies.set(node.nodeId, { node, member: null, life: null });
    world.onStarted = (node, life) => this.begin(node, life);
  }

  finish(): SwimFigures {
    const { wrongDowns, ofWell, wrongSuspects } = this.counts;
    return { processCrashToDown: durations(this.toDown.process), hostCrashToDown: durations(this.toDown.host), wrongDowns, wrongDownsOfWell: ofWell, wrongDownMs: durations(this.wrongMs), wrongSuspects };
  }

  private begin(node: SimulatedNode, life: Life): void {
    const body = this.bodies.get(node.nodeId);
    if (body === undefined) return;
    const { world } = this;
    const peers = world.nodes.map(({ nodeId }) => nodeId);
    body.life = life;
    body.member = new SwimMember({
      id: node.nodeId,
      incarnation: node.incarnation,
      peers,
      periodMs: world.settings.intervalMs,
      random: world.random.fork(`swim ${node.nodeId} ${node.incarnation}`),
      send: (to, message) => this.send(node, to, message),
      after: (delayMs, act) => void node.process.wakeAfter(delayMs, act),
      onVerdict: (news) => this.verdict(node.nodeId, news),
    });
    body.member.start();
  }

  private send(from: SimulatedNode, to: string, message: SwimMessage): void {
    this.world.network.send(from.nodeId, to, () => {
      const body = this.bodies.get(to);
      if (body?.node.isHostUp === true) body.node.process.receive(() => body.member?.receive(message));
    });
  }

  private verdict(by: string, { about, state, incarnation }: News): void {
    const life = this.bodies.get(about)?.life;
    const body = this.bodies.get(about);
    if (life === undefined || life === null || body === undefined || incarnation < life.incarnation) return;
    const nowMs = this.world.clock.nowMs();
    // While they come one after the other, those that are not there yet are asked in vain.
    if (nowMs < SETTLED_MS) return;
    switch (state) {
      case 'alive':
        return this.refuted(about, nowMs);
      case 'suspect':
        if (life.endedAtMs !== null || body.node.process.stillMs > 0 || this.world.quality.isImpaired(about)) return;
        if (!this.suspected.has(`${about} ${incarnation}`)) this.counts.wrongSuspects += 1;
        this.suspected.add(`${about} ${incarnation}`);
        return;
      case 'dead':
        return this.dead(by, about, life, nowMs);
    }
  }

  private dead(by: string, about: string, life: Life, nowMs: number): void {
    if (life.endedAtMs !== null) {
      if (this.found.has(life)) return;
      this.found.add(life);
      this.toDown[life.how === 'host' ? 'host' : 'process'].push(nowMs - life.endedAtMs);
      return;
    }
    const { quality } = this.world;
    if (this.accused.has(about) || quality.isImpaired(about)) return;
    this.accused.set(about, nowMs);
    this.counts.wrongDowns += 1;
    if (!quality.isDistressed(about) && !quality.isDistressed(by) && !quality.isImpaired(by)) this.counts.ofWell += 1;
  }

  private refuted(about: string, nowMs: number): void {
    const sinceMs = this.accused.get(about);
    if (sinceMs !== undefined) this.wrongMs.push(nowMs - sinceMs);
    this.accused.delete(about);
  }
}
