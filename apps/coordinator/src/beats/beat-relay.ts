/**
 * Hands beats that came by HTTP on to the other coordinators. Who posts them reaches one of us, and each of us judges by what it has heard
 * itself: without this a node that beats at a coordinator which does not lead would never be a member, or be given up when another leads.
 *
 * Nobody waits for it and nothing is repeated: the next beat says more. What another coordinator handed on goes no further.
 */
import { type BeatResult, FORWARDED_HEADER, type RaftPeer } from '@muster/contracts';
import { Counter, type Registry } from 'prom-client';
import { passOn } from '../http/leader-client.js';

export interface BeatRelayOptions {
  readonly nodeId: string;
  /** Who belongs to the group, and where each is. */
  readonly peers: () => readonly Pick<RaftPeer, 'nodeId' | 'httpUrl'>[];
  readonly metrics: Registry;
  /** Sends it; over HTTP if it is not said how. */
  readonly pass?: typeof passOn;
}

/** Requests that may be on their way to one coordinator. Count. One that stands still costs the others nothing. */
const UNDER_WAY_MAX = 32;

export class BeatRelay {
  private readonly counted: Counter<'outcome'>;
  private readonly pass: typeof passOn;
  private readonly underWay = new Map<string, number>();
  private isClosed = false;

  constructor(private readonly options: BeatRelayOptions) {
    this.pass = options.pass ?? passOn;
    this.counted = new Counter({ name: 'coordinator_beats_handed_on_total', help: 'Beats that came by HTTP and were handed on to another coordinator: taken there, lost on the way, or not sent because too many were under way.', labelNames: ['outcome'], registers: [options.metrics] });
    for (const outcome of ['taken', 'lost', 'unsent']) this.counted.inc({ outcome }, 0);
  }

  /** `beats` as they came, `results` what became of each here. */
  handOn(beats: readonly unknown[], results: readonly BeatResult[]): void {
    const news = beats.filter((_, position) => results[position]?.outcome === 'accepted');
    const others = this.options.peers().filter(({ nodeId }) => nodeId !== this.options.nodeId);
    if (news.length === 0 || others.length === 0 || this.isClosed) return;
    const text = JSON.stringify(news);
    for (const peer of others) void this.send(peer, text, news.length);
  }

  /** What is under way is waited for no longer. */
  close(): void {
    this.isClosed = true;
  }

  private async send({ nodeId, httpUrl }: Pick<RaftPeer, 'nodeId' | 'httpUrl'>, text: string, count: number): Promise<void> {
    const before = this.underWay.get(nodeId) ?? 0;
    if (before >= UNDER_WAY_MAX) return this.counted.inc({ outcome: 'unsent' }, count);
    this.underWay.set(nodeId, before + 1);
    const headers = { 'content-type': 'application/json', [FORWARDED_HEADER]: this.options.nodeId };
    const passed = await this.pass({ method: 'POST', url: `${httpUrl}/cluster/beats`, headers, text }, () => this.isClosed);
    const left = (this.underWay.get(nodeId) ?? 1) - 1;
    if (left === 0) this.underWay.delete(nodeId);
    else this.underWay.set(nodeId, left);
    this.counted.inc({ outcome: passed.kind === 'answered' && passed.statusCode === 200 ? 'taken' : 'lost' }, count);
  }
}
