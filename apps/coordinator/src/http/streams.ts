/** All open streams: feeds them with changes and pulses, keeps them within a limit, ends them when the service ends. */
import type { ServerResponse } from 'node:http';
import type { Change } from '@muster/membership';
import { AppError } from '@muster/observability';
import type { OnModuleDestroy } from '@nestjs/common';
import type { Cluster } from '../cluster.js';
import { clusterEvent } from '../publishing/cluster-events.js';
import type { Views } from '../views.js';
import { entryFrames, EventStream, frame } from './event-stream.js';
import type { Stamp } from './reads.js';

const PULSE_MS = 1000;
/** How soon watchers learn that quorum or leader changed. Milliseconds. */
const NEWS_MS = 100;
/** Idle connections are kept open through proxies by a comment. Milliseconds. */
const KEEP_ALIVE_MS = 15_000;
/** Past changes sent at once to a reader that resumes, in whole entries; the next follow when it has taken them. Count. */
const REPLAY_SLICE = 500;

export class Streams implements OnModuleDestroy {
  private readonly watchers = new Set<EventStream>();
  private readonly readers = new Set<EventStream>();
  /** Readers that are still being told what was. */
  private readonly behind = new Set<EventStream>();
  private pulseTimer: NodeJS.Timeout | null = null;
  /** When the latest pulse was sent, and who led with which standing then. */
  private pulsedMs = 0;
  private toldStanding = '';
  private readonly keepAliveTimer: NodeJS.Timeout;
  private readonly stopListening: () => void;
  private isEnding = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly views: Views,
    private readonly streamsMax: number,
  ) {
    this.stopListening = cluster.listen((changes) => this.tell(changes));
    this.keepAliveTimer = setInterval(() => {
      for (const stream of this.readers) stream.send(': still here\n\n');
    }, KEEP_ALIVE_MS).unref();
  }

  get count(): number {
    return this.watchers.size + this.readers.size + this.behind.size;
  }

  /** Throws when no further stream can be opened; to be called before the response is taken over. */
  admit(): void {
    if (this.isEnding) throw new AppError('COORDINATOR_ENDING', 'this coordinator is shutting down: use another one', { statusCode: 503 });
    if (this.count >= this.streamsMax) throw new AppError('STREAMS_EXHAUSTED', `${this.count} streams are open, at most ${this.streamsMax} are served: close some, or raise coordinator.watchersMax`, { statusCode: 503 });
  }

  /** The live view: a snapshot, then every change, and a pulse each second. */
  watch(response: ServerResponse, stamp?: Stamp): void {
    const stream = this.open(this.watchers, response);
    const snapshot = this.views.snapshot(stamp);
    stream.send(frame({ event: snapshot.kind, id: this.cluster.membership.index, data: snapshot }));
    if (this.pulseTimer !== null) return;
    this.pulsedMs = performance.now();
    this.toldStanding = this.standing();
    this.pulseTimer = setInterval(() => this.pulse(), NEWS_MS);
  }

  /** The transitions after `index`, then those to come. */
  events(response: ServerResponse, afterIndex: number): void {
    void this.catchUp(this.open(this.behind, response), afterIndex);
  }

  onModuleDestroy(): void {
    this.isEnding = true;
    this.stopListening();
    clearInterval(this.keepAliveTimer);
    if (this.pulseTimer !== null) clearInterval(this.pulseTimer);
    for (const stream of [...this.watchers, ...this.readers, ...this.behind]) stream.end();
  }

  private open(streams: Set<EventStream>, response: ServerResponse): EventStream {
    const stream = new EventStream(response, () => {
      streams.delete(stream);
      this.readers.delete(stream);
      if (this.watchers.size > 0 || this.pulseTimer === null) return;
      clearInterval(this.pulseTimer);
      this.pulseTimer = null;
    });
    streams.add(stream);
    return stream;
  }

  /** Joins the readers in the same turn of the loop in which nothing was left to tell: no change falls between. */
  private async catchUp(stream: EventStream, afterIndex: number): Promise<void> {
    let index = afterIndex;
    for (;;) {
      const { membership } = this.cluster;
      if (index < membership.forgottenIndex) {
        // The reader must know that its picture has a hole; `/cluster/status` has the state without it.
        stream.send(frame({ event: 'gap', data: { since: index, missingUpToIndex: membership.forgottenIndex } }));
        index = membership.forgottenIndex;
      }
      const changes = membership.changesAfter(index, REPLAY_SLICE);
      const last = changes.at(-1);
      if (last === undefined) break;
      stream.send(this.eventFrames(changes));
      index = last.index;
      await stream.drained();
      if (!stream.isOpen) return;
    }
    this.behind.delete(stream);
    this.readers.add(stream);
  }

  /** All changes of one entry. */
  private tell(changes: readonly Change[]): void {
    if (this.watchers.size > 0) {
      const frames = entryFrames(changes[0]?.index ?? 0, this.views.changes(changes).map((message) => ({ event: message.kind, data: message })));
      for (const stream of this.watchers) stream.send(frames);
    }
    if (this.readers.size > 0) {
      const frames = this.eventFrames(changes);
      if (frames !== '') for (const stream of this.readers) stream.send(frames);
    }
  }

  /** A timer that comes a little early is no reason to wait for its next turn. */
  private pulse(): void {
    const nowMs = performance.now();
    const standing = this.standing();
    if (standing === this.toldStanding && nowMs - this.pulsedMs < PULSE_MS - NEWS_MS / 2) return;
    this.pulsedMs = nowMs;
    this.toldStanding = standing;
    const message = this.views.pulse();
    const frames = frame({ event: message.kind, id: this.cluster.membership.index, data: message });
    // The next pulse says all that this one does: nobody needs both.
    for (const stream of this.watchers) if (!stream.isBehind) stream.send(frames);
  }

  /** What watchers choose their coordinator by. */
  private standing(): string {
    const { hasQuorum, leaderId, term } = this.cluster.status();
    return `${hasQuorum} ${leaderId} ${term}`;
  }

  /** Of whole entries, oldest first. */
  private eventFrames(changes: readonly Change[]): string {
    const entries = [...Map.groupBy(changes, ({ index }) => index)];
    return entries.map(([index, ofEntry]) => entryFrames(index, ofEntry.map((change) => clusterEvent(this.cluster.name, change)).filter((event) => event !== null).map((event) => ({ event: 'event', data: event })))).join('');
  }
}
