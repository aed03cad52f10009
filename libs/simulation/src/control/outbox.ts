/**
 * Tells Kafka what was agreed, as the publisher of apps/coordinator does: only with a mandate, from the agreed cursor on, whole entries in
 * order, one publish at a time, and each cursor agreed before the next.
 */
import type { Membership, PublishedCommand } from '@muster/membership';
import type { SimulatedProcess } from '../simulated-process.js';
import { type KafkaModel, PUBLISH_MS_MAX } from './kafka-model.js';

export interface OutboxOptions {
  readonly process: SimulatedProcess;
  readonly kafka: KafkaModel;
  readonly membership: () => Membership;
  readonly isOurs: () => boolean;
  readonly term: () => number;
  /** Calls back with whether it was agreed. */
  readonly propose: (command: PublishedCommand, done: (isAgreed: boolean) => void) => void;
}

const BATCH_MAX = 100;
const PAUSE_MS_MIN = 250;
const PAUSE_MS_MAX = 5000;

export class Outbox {
  private isRunning = false;
  private isPausing = false;
  private failures = 0;
  /** Acknowledged by the bus in this life; the state learns it a moment later. */
  private acknowledgedIndex = 0;

  constructor(private readonly options: OutboxOptions) {}

  /** Its process begins anew. */
  begin(): void {
    this.isRunning = false;
    this.isPausing = false;
    this.failures = 0;
    this.acknowledgedIndex = 0;
  }

  /** Something was applied, or the mandate is another. */
  wake(): void {
    if (this.isRunning || this.isPausing || !this.options.isOurs()) return;
    this.isRunning = true;
    this.drain();
  }

  private drain(): void {
    const { membership, isOurs, process, kafka } = this.options;
    if (!isOurs()) return this.rest();
    const changes = membership().changesAfter(Math.max(membership().publishedIndex, this.acknowledgedIndex), BATCH_MAX);
    const last = changes.at(-1);
    if (last === undefined) {
      if (this.acknowledgedIndex <= membership().publishedIndex) return this.rest();
      return this.note();
    }
    const afterMs = kafka.publish(changes);
    process.wakeAfter(afterMs ?? PUBLISH_MS_MAX, () => {
      if (afterMs === null) return this.failed();
      this.acknowledgedIndex = last.index;
      this.failures = 0;
      this.note();
    });
  }

  private note(): void {
    const { propose, term } = this.options;
    propose({ kind: 'published', term: term(), upToIndex: this.acknowledgedIndex }, (isAgreed) => {
      if (isAgreed) this.drain();
      else this.failed();
    });
  }

  private failed(): void {
    this.isRunning = false;
    if (!this.options.isOurs()) return;
    const pauseMs = Math.min(PAUSE_MS_MIN * 2 ** this.failures, PAUSE_MS_MAX);
    this.failures += 1;
    this.isPausing = true;
    this.options.process.wakeAfter(pauseMs, () => {
      this.isPausing = false;
      this.wake();
    });
  }

  private rest(): void {
    this.isRunning = false;
  }
}
