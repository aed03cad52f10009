/**
 * Tells the world what was agreed: the outbox of the state goes to the bus, in order, each change at least once and with
 * the same id each time. Changes of one entry go out together, and how far it got, in whole entries, is part of the state.
 *
 * Only the leader publishes; the next one goes on where the state says. What the old one still had under way comes twice then.
 */
import { encodeClusterEvent, encodeMember, EVENTS_TOPIC, type Logger, MEMBERSHIP_TOPIC, type MessageBus, type OutgoingRecord } from '@muster/contracts';
import type { Change } from '@muster/membership';
import type { Clock } from '../clock.js';
import type { Cluster } from '../cluster.js';
import type { CoordinatorMetrics } from '../metrics.js';
import { clusterEvent } from './cluster-events.js';

/** Changes in one publish, unless one entry alone has more: it is never cut. Count. */
const BATCH_MAX = 100;
const PAUSE_MS_MIN = 250;
const PAUSE_MS_MAX = 5000;

export interface PublisherOptions {
  readonly cluster: Cluster;
  readonly bus: Pick<MessageBus, 'publish'>;
  readonly clock: Clock;
  readonly metrics: Pick<CoordinatorMetrics, 'changesPublished' | 'publishFailed'>;
  readonly logger: Logger;
}

export class Publisher {
  private isRunning = false;
  private isStopped = false;
  private failures = 0;
  private retry: { cancel(): void } | null = null;
  private stopListening: () => void = () => undefined;
  /** Acknowledged by the bus in this run; the state learns it a moment later. */
  private acknowledgedIndex = 0;
  /** Losses that were made good in this run. */
  private droppedSeen = 0;

  constructor(private readonly options: PublisherOptions) {}

  start(): void {
    const { cluster } = this.options;
    this.stopListening = cluster.listen(() => this.wake());
    cluster.onMandate(() => {
      this.cancelRetry();
      this.failures = 0;
      this.wake();
    });
    this.wake();
  }

  /** Publishes what is left, if that is still ours to do, for as long as the time given. */
  async stop(limitMs: number): Promise<void> {
    const { clock, cluster } = this.options;
    const deadlineMs = clock.nowMs() + limitMs;
    this.cancelRetry();
    while (this.isOurs() && cluster.membership.outboxLength > 0 && clock.nowMs() < deadlineMs) {
      if (!this.isRunning) this.wake();
      await new Promise<void>((resolve) => clock.wakeAfter(20, resolve));
    }
    this.isStopped = true;
    this.cancelRetry();
    this.stopListening();
  }

  private isOurs(): boolean {
    return this.options.cluster.mandate().isLeader;
  }

  private wake(): void {
    if (this.isRunning || this.isStopped || this.retry !== null) return;
    this.isRunning = true;
    void this.drain();
  }

  private cancelRetry(): void {
    this.retry?.cancel();
    this.retry = null;
  }

  private async drain(): Promise<void> {
    const { cluster, metrics, logger, clock } = this.options;
    try {
      while (!this.isStopped && this.isOurs()) {
        const changes = this.next();
        const last = changes.at(-1);
        if (last !== undefined) {
          await this.makeGood();
          await this.publish(changes);
          this.acknowledgedIndex = last.index;
          this.failures = 0;
          metrics.changesPublished(changes.length);
        } else if (this.acknowledgedIndex <= cluster.membership.publishedIndex) {
          return;
        }
        await this.note();
      }
    } catch (error) {
      // What became of it is for the next leader to say.
      if (this.isStopped || !this.isOurs()) return;
      metrics.publishFailed();
      const pauseMs = Math.min(PAUSE_MS_MIN * 2 ** this.failures, PAUSE_MS_MAX);
      if (this.failures === 0) logger.warn({ error: String(error), waiting: cluster.membership.outboxLength }, 'changes of membership cannot be published now; they wait, in order');
      this.failures += 1;
      this.retry = clock.wakeAfter(pauseMs, () => {
        this.retry = null;
        this.wake();
      });
    } finally {
      // In the same turn of the loop as the last look: a change that comes later wakes us again.
      this.isRunning = false;
    }
  }

  /** Makes how far we got a part of the state. It fails like a publish: else a restart would repeat what the bus has. */
  private async note(): Promise<void> {
    const { cluster } = this.options;
    const noted = await cluster.propose({ kind: 'published', term: cluster.mandate().term, upToIndex: this.acknowledgedIndex });
    if (noted.kind === 'unavailable') throw new Error(noted.reason);
  }

  /**
   * When the bus was away for so long that changes fell off the outbox, their events are gone; the records that hold the state of
   * each member must not be: all of them are told again. What is left of the outbox follows; the last record of a key is the latest
   * either way, and whoever goes by the index drops the older ones.
   */
  private async makeGood(): Promise<void> {
    const { bus, cluster, logger } = this.options;
    const dropped = cluster.membership.outboxDropped;
    if (dropped === this.droppedSeen) return;
    const records = [...cluster.membership.all()].map(({ record }): OutgoingRecord => ({ key: record.nodeId, value: encodeMember(record) }));
    for (let from = 0; from < records.length; from += BATCH_MAX) await bus.publish(MEMBERSHIP_TOPIC.name, records.slice(from, from + BATCH_MAX));
    logger.warn({ dropped: dropped - this.droppedSeen, members: records.length }, 'events were lost because the bus was away for too long; every member was told again');
    this.droppedSeen = dropped;
  }

  private next(): readonly Change[] {
    const { membership } = this.options.cluster;
    return membership.changesAfter(Math.max(membership.publishedIndex, this.acknowledgedIndex), BATCH_MAX);
  }

  /** Events first: who reads a record finds its event already there. */
  private async publish(changes: readonly Change[]): Promise<void> {
    const { bus, cluster } = this.options;
    const events = changes.map((change) => clusterEvent(cluster.name, change)).filter((event) => event !== null);
    if (events.length > 0) await bus.publish(EVENTS_TOPIC.name, events.map((event) => ({ key: event.subject, value: encodeClusterEvent(event) })));
    const records = changes.map(membershipRecord).filter((record) => record !== null);
    if (records.length > 0) await bus.publish(MEMBERSHIP_TOPIC.name, records);
  }
}

/** Null for a brake, which is about many members and in the record of none. */
function membershipRecord(change: Change): OutgoingRecord | null {
  switch (change.kind) {
    case 'transition':
    case 'updated':
      return { key: change.member.nodeId, value: encodeMember(change.member) };
    case 'removed':
      return { key: change.nodeId, value: null };
    case 'brake':
      return null;
  }
}
