/**
 * What happens when a handler fails: wait and come again, try record by record, put what stays broken aside.
 *
 * Decides the order of attempts for one batch; fetching, committing and the group belong to the adapters.
 */
import { type BusRecord, type Logger, type RecordBatch, RetryLater } from '@muster/contracts';
import { type BackOff, pauseMs } from './back-off.js';

export interface HandlingRules extends BackOff {
  /** Tries of the whole batch before its records are tried one by one. Count, >= 1. */
  readonly attemptsMax: number;
  readonly logger: Logger;
  /** True when no further attempt may begin: the partition goes, or the subscription closes. */
  isOver(): boolean;
  /** Waits, while it keeps the group informed; returns early when `isOver` becomes true. */
  pause(ms: number): Promise<void>;
  onRetry(why: 'later' | 'failed'): void;
}

type OnBatch = (batch: RecordBatch) => Promise<void>;
type Attempt = { readonly kind: 'done' } | { readonly kind: 'over' } | { readonly kind: 'failed'; readonly error: unknown };

// By name as well: a handler may have been built against another copy of the class.
const isRetryLater = (error: unknown): boolean => error instanceof RetryLater || (error instanceof Error && error.name === 'RetryLater');

const reasonOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** Handles the batch as far as it may; returns how many records, counted from the first, are dealt with. */
export async function handleBatch(batch: RecordBatch, onBatch: OnBatch, rules: HandlingRules): Promise<number> {
  for (let failures = 0; ; ) {
    const attempt = await attemptPatiently(batch, onBatch, rules);
    if (attempt.kind === 'done') return batch.records.length;
    if (attempt.kind === 'over') return 0;
    failures++;
    const facts = { topic: batch.topic, partition: batch.partition, offset: String(batch.records[0]?.offset), error: reasonOf(attempt.error), attempt: failures };
    rules.logger.warn(facts, 'a handler failed on a batch');
    if (failures >= rules.attemptsMax) return handleOneByOne(batch, onBatch, rules, attempt.error);
    rules.onRetry('failed');
    await rules.pause(pauseMs(rules, failures - 1));
  }
}

async function handleOneByOne(batch: RecordBatch, onBatch: OnBatch, rules: HandlingRules, lastError: unknown): Promise<number> {
  const [only] = batch.records;
  if (batch.records.length === 1 && only !== undefined) return (await putAside(batch, only, reasonOf(lastError), rules)) ? 1 : 0;
  for (const [index, record] of batch.records.entries()) {
    const attempt = await attemptPatiently({ ...batch, records: [record] }, onBatch, rules);
    if (attempt.kind === 'over') return index;
    if (attempt.kind === 'failed' && !(await putAside(batch, record, reasonOf(attempt.error), rules))) return index;
  }
  return batch.records.length;
}

/** One attempt, repeated for as long as the handler asks for time. */
async function attemptPatiently(batch: RecordBatch, onBatch: OnBatch, rules: HandlingRules): Promise<Attempt> {
  for (let waits = 0; ; waits++) {
    if (rules.isOver()) return { kind: 'over' };
    try {
      await onBatch(batch);
      return { kind: 'done' };
    } catch (error) {
      if (!isRetryLater(error)) return { kind: 'failed', error };
      rules.onRetry('later');
      if (waits === 0) rules.logger.warn({ topic: batch.topic, partition: batch.partition, error: reasonOf(error) }, 'a handler asked to be called again later');
    }
    await rules.pause(pauseMs(rules, waits));
  }
}

/** True once the dead letter is acknowledged; false when the partition or the bus went first. */
async function putAside(batch: RecordBatch, record: BusRecord, reason: string, rules: HandlingRules): Promise<boolean> {
  for (let tries = 0; !rules.isOver(); tries++) {
    try {
      await batch.deadLetter(record, reason);
      return true;
    } catch (error) {
      rules.logger.error({ topic: batch.topic, partition: batch.partition, offset: String(record.offset), error: reasonOf(error) }, 'a dead letter could not be sent, it is tried again');
    }
    await rules.pause(pauseMs(rules, tries));
  }
  return false;
}
