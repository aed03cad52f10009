/**
 * Messages between named places, each direction of each link with a weather of its own: delay, loss, duplication,
 * reordering, cut, clogged. Knows nothing of what the messages say.
 */
import type { SeededRandom } from './seeded-random.js';
import type { VirtualClock } from './virtual-clock.js';

export type Delay =
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  /** `minMs` and an exponential tail with this mean on top, cut at `maxMs`. */
  | { readonly kind: 'tailed'; readonly minMs: number; readonly meanMs: number; readonly maxMs: number };

export interface LinkWeather {
  readonly delay: Delay;
  /** Share of messages that never arrive. 0..1. */
  readonly lossRate: number;
  /** Share of messages that arrive twice. 0..1. */
  readonly duplicationRate: number;
  /** Share of messages that may be overtaken, by up to `reorderMs`. 0..1; all others arrive in order. */
  readonly reorderRate: number;
  readonly reorderMs: number;
  readonly isCut: boolean;
  /** Messages wait until then, and arrive together. Virtual time. */
  readonly cloggedUntilMs: number;
}

export const LAN: LinkWeather = { delay: { kind: 'tailed', minMs: 0.2, meanMs: 1, maxMs: 50 }, lossRate: 0, duplicationRate: 0, reorderRate: 0, reorderMs: 0, isCut: false, cloggedUntilMs: 0 };

/** Any place, in `change`. */
export const ANY = '*';

interface Link {
  weather: LinkWeather;
  version: number;
  lastArrivalMs: number;
}

export class SimulatedNetwork {
  private readonly changes = new Map<string, Partial<LinkWeather>>();
  private readonly links = new Map<string, Map<string, Link>>();
  private version = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly random: SeededRandom,
    private readonly usual: LinkWeather = LAN,
  ) {}

  /** Changes one direction from now on; null gives back what is usual there. The more exact change wins. */
  change(from: string, to: string, weather: Partial<LinkWeather> | null): void {
    this.version += 1;
    const key = `${from}>${to}`;
    if (weather === null) this.changes.delete(key);
    else this.changes.set(key, { ...this.changes.get(key), ...weather });
  }

  /** Changes every link of one place, in both directions. */
  changeBoth(place: string, weather: Partial<LinkWeather> | null): void {
    this.change(place, ANY, weather);
    this.change(ANY, place, weather);
  }

  isCut(from: string, to: string): boolean {
    return this.link(from, to).weather.isCut;
  }

  /** Delivers never, once or twice. */
  send(from: string, to: string, kind: string, deliver: () => void): void {
    const link = this.link(from, to);
    const { isCut, lossRate, duplicationRate } = link.weather;
    if (isCut || this.random.chance(lossRate)) return;
    this.carry(link, to, kind, deliver);
    if (this.random.chance(duplicationRate)) this.carry(link, to, kind, deliver);
  }

  /** Delivers once: what a connection does that repeats until it got through. */
  stream(from: string, to: string, kind: string, deliver: () => void): void {
    this.carry(this.link(from, to), to, kind, deliver);
  }

  private carry(link: Link, to: string, kind: string, deliver: () => void): void {
    const { delay, reorderRate, reorderMs, cloggedUntilMs } = link.weather;
    let atMs = Math.max(this.clock.nowMs() + this.draw(delay), cloggedUntilMs);
    if (this.random.chance(reorderRate)) atMs += this.random.between(0, reorderMs);
    else link.lastArrivalMs = atMs = Math.max(atMs, link.lastArrivalMs);
    this.clock.at(atMs, kind, to, deliver);
  }

  private draw(delay: Delay): number {
    switch (delay.kind) {
      case 'uniform':
        return this.random.between(delay.minMs, delay.maxMs);
      case 'tailed':
        return Math.min(delay.maxMs, delay.minMs + this.random.exponential(delay.meanMs));
    }
  }

  private link(from: string, to: string): Link {
    let ofSender = this.links.get(from);
    if (ofSender === undefined) this.links.set(from, (ofSender = new Map()));
    let link = ofSender.get(to);
    if (link === undefined) ofSender.set(to, (link = { weather: this.usual, version: -1, lastArrivalMs: 0 }));
    if (link.version !== this.version) {
      link.weather = { ...this.usual, ...this.changes.get(`${ANY}>${ANY}`), ...this.changes.get(`${ANY}>${to}`), ...this.changes.get(`${from}>${ANY}`), ...this.changes.get(`${from}>${to}`) };
      link.version = this.version;
    }
    return link;
  }
}
