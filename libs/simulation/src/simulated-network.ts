/**
 * The ways between named places, each direction of each with a weather of its own: delay, loss, duplication, reordering, cut, clogged.
 * Says when a message arrives, if ever; knows nothing of what the messages say. A message meets the weather of the moment it is sent.
 */
import type { SeededRandom } from './seeded-random.js';
import type { VirtualClock } from './virtual-clock.js';

export interface LinkWeather {
  /** Least time of the way. Milliseconds. */
  readonly delayMsMin: number;
  /** Mean of the exponential tail on top of it. Milliseconds. */
  readonly delayMsTail: number;
  readonly delayMsMax: number;
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

export const LAN: LinkWeather = { delayMsMin: 0.2, delayMsTail: 1, delayMsMax: 50, lossRate: 0, duplicationRate: 0, reorderRate: 0, reorderMs: 0, isCut: false, cloggedUntilMs: 0 };

/** Any place, in `change`. */
export const ANY = '*';
/** Instead of a time: it never arrives. */
export const LOST = Infinity;

/** One direction between two places. */
export class Link {
  private weather: LinkWeather = LAN;
  private version = -1;
  private lastArrivalMs = 0;
  private reverse: Link | null = null;

  constructor(
    readonly from: string,
    readonly to: string,
    private readonly network: SimulatedNetwork,
  ) {}

  /** The other direction. Remembered, for a probe of many asks for it twice. */
  get back(): Link {
    return (this.reverse ??= this.network.link(this.to, this.from));
  }

  get isCut(): boolean {
    return this.now().isCut;
  }

  /** When a message that is sent then arrives; `LOST` when it never does. */
  arrivalMs(sentAtMs: number): number {
    const { random } = this.network;
    const weather = this.now();
    if (weather.isCut || random.chance(weather.lossRate)) return LOST;
    const atMs = Math.max(sentAtMs + Math.min(weather.delayMsMax, weather.delayMsMin + random.exponential(weather.delayMsTail)), weather.cloggedUntilMs);
    if (random.chance(weather.reorderRate)) return atMs + random.between(0, weather.reorderMs);
    return (this.lastArrivalMs = Math.max(atMs, this.lastArrivalMs));
  }

  /** When its duplicate arrives; mostly there is none. */
  duplicateMs(sentAtMs: number): number {
    return this.network.random.chance(this.now().duplicationRate) ? this.arrivalMs(sentAtMs) : LOST;
  }

  private now(): LinkWeather {
    if (this.version !== this.network.version) {
      this.weather = this.network.weather(this.from, this.to);
      this.version = this.network.version;
    }
    return this.weather;
  }
}

export class SimulatedNetwork {
  /** Grows with each change of the weather. */
  version = 0;
  private readonly changes = new Map<string, Partial<LinkWeather>>();
  private readonly links = new Map<string, Map<string, Link>>();
  /** Of all links without a change of their own: one object for thousands of them. Null: to be found out. */
  private usual: LinkWeather | null = LAN;

  constructor(
    private readonly clock: VirtualClock,
    readonly random: SeededRandom,
  ) {}

  /** Changes one direction from now on; null gives back what is usual there. The more exact change wins. */
  change(from: string, to: string, weather: Partial<LinkWeather> | null): void {
    this.version += 1;
    this.usual = null;
    const key = `${from}>${to}`;
    if (weather === null) this.changes.delete(key);
    else this.changes.set(key, { ...this.changes.get(key), ...weather });
  }

  /** Changes every link of one place, in both directions. */
  changeBoth(place: string, weather: Partial<LinkWeather> | null): void {
    this.change(place, ANY, weather);
    this.change(ANY, place, weather);
  }

  /** Delivers never, once or twice. */
  send(from: string, to: string, deliver: () => void): void {
    const link = this.link(from, to);
    const nowMs = this.clock.nowMs();
    const atMs = link.arrivalMs(nowMs);
    if (atMs !== LOST) this.clock.at(atMs, deliver);
    const againAtMs = link.duplicateMs(nowMs);
    if (againAtMs !== LOST) this.clock.at(againAtMs, deliver);
  }

  link(from: string, to: string): Link {
    let ofSender = this.links.get(from);
    if (ofSender === undefined) this.links.set(from, (ofSender = new Map()));
    let link = ofSender.get(to);
    if (link === undefined) ofSender.set(to, (link = new Link(from, to, this)));
    return link;
  }

  /** Weather between two places, the more exact change over the less exact one. */
  weather(from: string, to: string): LinkWeather {
    const everywhere = this.changesAt([`${ANY}>${ANY}`]);
    const here = this.changesAt([`${ANY}>${to}`, `${from}>${ANY}`, `${from}>${to}`]);
    return here.length === 0 ? (this.usual ??= changed(everywhere)) : changed([...everywhere, ...here]);
  }

  private changesAt(keys: readonly string[]): Partial<LinkWeather>[] {
    return keys.flatMap((key) => this.changes.get(key) ?? []);
  }
}

function changed(changes: readonly Partial<LinkWeather>[]): LinkWeather {
  // A clog that is over somewhere does not end one that is not.
  const cloggedUntilMs = Math.max(0, ...changes.map((change) => change.cloggedUntilMs ?? 0));
  return Object.assign({}, LAN, ...changes, { cloggedUntilMs });
}
