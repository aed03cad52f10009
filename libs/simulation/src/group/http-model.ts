/** Questions and answers over HTTP between machines: each way meets the weather, nobody listens where nobody runs, and who waits too long goes on. */
import { LOST, type SimulatedNetwork } from '../simulated-network.js';
import type { SimulatedProcess } from '../simulated-process.js';
import type { VirtualClock } from '../virtual-clock.js';

export interface Place {
  readonly place: string;
  readonly main: SimulatedProcess;
  /** Grows with each start: an answer to an earlier life is heard by nobody. */
  readonly life: number;
}

export interface Question<S extends Place, T> {
  readonly from: Place;
  readonly url: string;
  readonly limitMs: number;
  /** At whoever listens there; it may answer later, or never. */
  readonly serve: (site: S, answer: (said: T) => void) => void;
  /** Once, in the process that asked; null when there was no answer. */
  readonly done: (said: T | null) => void;
}

export class HttpModel<S extends Place> {
  constructor(
    private readonly clock: VirtualClock,
    private readonly network: SimulatedNetwork,
    /** Whoever has this address now. */
    private readonly siteAt: (url: string) => S | null,
  ) {}

  ask<T>({ from, url, limitMs, serve, done }: Question<S, T>): void {
    const { life } = from;
    let isDone = false;
    const finish = (said: T | null): void => {
      if (isDone || from.life !== life) return;
      isDone = true;
      patience.cancel();
      done(said);
    };
    const patience = from.main.wakeAfter(limitMs, () => finish(null));
    const answer = (by: Place, said: T | null): void => this.carry(by, from, () => from.main.receive(() => finish(said)));
    const to = this.siteAt(url);
    if (to === null) return;
    this.carry(from, to, () => {
      // Its kernel refuses the connection.
      if (to.main.presence === 'gone') return answer(to, null);
      to.main.receive(() => serve(to, (said) => answer(to, said)));
    });
  }

  /** Over a connection: once or never. */
  private carry(from: Place, to: Place, arrive: () => void): void {
    const atMs = from.place === to.place ? this.clock.nowMs() : this.network.link(from.place, to.place).arrivalMs(this.clock.nowMs());
    if (atMs !== LOST) this.clock.at(atMs, arrive);
  }
}
