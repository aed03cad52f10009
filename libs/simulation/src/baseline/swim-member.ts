/**
 * One member of a plain SWIM group (Das, Gupta and Motivala, 2002): round-robin probing, three helpers, a suspicion that lasts a fixed
 * time, news carried by probes and by gossip. None of Lifeguard: this is what ours is measured against, not what is used.
 *
 * Sizes are those of common implementations: a probe waits half a period, the suspicion lasts 5·log10(n) periods, news is passed on
 * 4·log10(n + 1) times, to three members every fifth of a period.
 */
import type { SeededRandom } from '../seeded-random.js';

export type SwimState = 'alive' | 'suspect' | 'dead';

export interface News {
  readonly about: string;
  readonly state: SwimState;
  readonly incarnation: number;
}

export type SwimMessage =
  | { readonly kind: 'ping' | 'ack'; readonly from: string; readonly seq: number; readonly news: readonly News[] }
  /** Please ping `target`, and pass its ack on under the same number. */
  | { readonly kind: 'ping-req'; readonly from: string; readonly seq: number; readonly target: string; readonly news: readonly News[] }
  | { readonly kind: 'gossip'; readonly from: string; readonly news: readonly News[] };

export interface SwimMemberOptions {
  readonly id: string;
  readonly incarnation: number;
  readonly peers: readonly string[];
  readonly periodMs: number;
  readonly random: SeededRandom;
  readonly send: (to: string, message: SwimMessage) => void;
  /** A timer of the process. */
  readonly after: (delayMs: number, act: () => void) => void;
  readonly onVerdict: (news: News) => void;
}

interface View {
  state: SwimState;
  incarnation: number;
}

interface Rumour {
  readonly news: News;
  left: number;
}

const HELPERS = 3;
const GOSSIP_TO = 3;
/** News in one message. Count. */
const NEWS_MAX = 10;

export class SwimMember {
  private readonly views = new Map<string, View>();
  private readonly rumours = new Map<string, Rumour>();
  private readonly acked = new Set<number>();
  private order: string[] = [];
  private seq = 0;
  private incarnation: number;

  constructor(private readonly options: SwimMemberOptions) {
    this.incarnation = options.incarnation;
    for (const peer of options.peers) if (peer !== options.id) this.views.set(peer, { state: 'alive', incarnation: 0 });
  }

  start(): void {
    this.spread({ about: this.options.id, state: 'alive', incarnation: this.incarnation });
    this.options.after(this.options.random.between(0, this.options.periodMs), () => this.period());
    this.gossip();
  }

  receive(message: SwimMessage): void {
    for (const news of message.news) this.learn(news);
    switch (message.kind) {
      case 'ping':
        return this.options.send(message.from, { kind: 'ack', from: this.options.id, seq: message.seq, news: this.newsToTell() });
      case 'ack':
        this.acked.add(message.seq);
        return;
      case 'ping-req':
        return this.help(message.from, message.seq, message.target);
      case 'gossip':
        return;
    }
  }

  private period(): void {
    const { periodMs, after } = this.options;
    after(periodMs, () => this.period());
    const target = this.nextTarget();
    if (target === null) return;
    const seq = this.ping(target);
    after(periodMs / 2, () => {
      if (!this.acked.has(seq)) for (const helper of this.some(HELPERS, target)) this.options.send(helper, { kind: 'ping-req', from: this.options.id, seq, target, news: this.newsToTell() });
    });
    after(periodMs - 1, () => {
      if (!this.acked.delete(seq)) this.suspect(target);
    });
  }

  private ping(target: string): number {
    const seq = ++this.seq;
    this.options.send(target, { kind: 'ping', from: this.options.id, seq, news: this.newsToTell() });
    return seq;
  }

  private help(asker: string, askedSeq: number, target: string): void {
    const seq = this.ping(target);
    const { after, periodMs, send, id } = this.options;
    // Looked at as long as it can still be of use.
    const look = (leftMs: number): void => {
      if (this.acked.delete(seq)) return send(asker, { kind: 'ack', from: id, seq: askedSeq, news: [] });
      if (leftMs > 0) after(10, () => look(leftMs - 10));
    };
    look(periodMs / 2);
  }

  private suspect(target: string): void {
    const view = this.views.get(target);
    if (view?.state === 'alive') this.learn({ about: target, state: 'suspect', incarnation: view.incarnation });
  }

  private learn(news: News): void {
    if (news.about === this.options.id) return this.refute(news);
    const view = this.views.get(news.about);
    if (view === undefined || !isNewer(news, view)) return;
    view.state = news.state;
    view.incarnation = news.incarnation;
    this.spread(news);
    if (news.state === 'suspect') this.doubt(news, view);
  }

  private doubt({ about, incarnation }: News, view: View): void {
    const { periodMs, peers, after, onVerdict } = this.options;
    onVerdict({ about, state: 'suspect', incarnation });
    after(5 * Math.max(1, Math.log10(peers.length)) * periodMs, () => {
      if (view.state !== 'suspect' || view.incarnation !== incarnation) return;
      view.state = 'dead';
      const verdict: News = { about, state: 'dead', incarnation };
      onVerdict(verdict);
      this.spread(verdict);
    });
  }

  private refute({ state, incarnation }: News): void {
    if (state === 'alive' || incarnation < this.incarnation) return;
    this.incarnation = incarnation + 1;
    const news: News = { about: this.options.id, state: 'alive', incarnation: this.incarnation };
    this.spread(news);
    this.options.onVerdict(news);
  }

  private spread(news: News): void {
    this.rumours.set(news.about, { news, left: 4 * Math.ceil(Math.log10(this.options.peers.length + 1)) });
  }

  private gossip(): void {
    const { after, periodMs, send, id } = this.options;
    after(periodMs / 5, () => this.gossip());
    if (this.rumours.size === 0) return;
    for (const to of this.some(GOSSIP_TO, '')) send(to, { kind: 'gossip', from: id, news: this.newsToTell() });
  }

  private newsToTell(): readonly News[] {
    if (this.rumours.size === 0) return [];
    const told: News[] = [];
    for (const [about, rumour] of this.rumours) {
      if (told.length === NEWS_MAX) break;
      told.push(rumour.news);
      rumour.left -= 1;
      if (rumour.left <= 0) this.rumours.delete(about);
    }
    return told;
  }

  /** Everybody once, in random order, then again. */
  private nextTarget(): string | null {
    for (let tries = 0; tries <= this.views.size; tries++) {
      if (this.order.length === 0) this.order = this.options.random.sample([...this.views.keys()], this.views.size);
      const target = this.order.pop();
      if (target !== undefined && this.views.get(target)?.state !== 'dead') return target;
    }
    return null;
  }

  private some(count: number, except: string): string[] {
    const { peers, random, id } = this.options;
    const taken: string[] = [];
    for (let tries = 0; tries < 4 * count && taken.length < count; tries++) {
      const peer = peers[random.nextInt(peers.length)];
      if (peer !== undefined && peer !== id && peer !== except && !taken.includes(peer) && this.views.get(peer)?.state !== 'dead') taken.push(peer);
    }
    return taken;
  }
}

/** Alive needs a greater incarnation; an accusation the same or a greater one, and to say something worse. */
function isNewer(news: News, view: View): boolean {
  if (news.incarnation !== view.incarnation) return news.incarnation > view.incarnation;
  return RANK[news.state] > RANK[view.state];
}

const RANK: Readonly<Record<SwimState, number>> = { alive: 0, suspect: 1, dead: 2 };
