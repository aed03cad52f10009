/**
 * NestJS over the bus: `@EventPattern('topic')` methods get records, `@EventPattern('topic', { batch: true })` methods whole batches.
 * A handler that takes the context as well writes `@EventPattern<string>('topic') on(@Payload() record: BusRecord, @Ctx() context: BusContext)`:
 * without `<string>` the decorator's types refuse the second parameter, without `@Ctx()` Nest does not pass it.
 *
 * A handler that throws is treated as `SubscribeOptions.onBatch` says, provided its controller has `@UseFilters(BusErrors)`; with single records, those before the failed one are not
 * repeated within the attempt but may come again with the next, so handlers must bear repetition. There is no request and reply.
 * Nest is named here by type only: programs that use the bus alone do not load it.
 */
import { type Logger, type MessageBus, type RecordBatch, RetryLater, type SubscribeOptions, type Subscription, type TopicSpec } from '@muster/contracts';
import type { CustomTransportStrategy, MessageHandler } from '@nestjs/microservices';
import { pauseMs } from '../shared/back-off.js';
import { Signal } from '../shared/signal.js';
import { BusContext } from './bus-context.js';
import { isMasked } from './bus-errors.js';

export interface MessageBusStrategyOptions extends Pick<SubscribeOptions, 'group' | 'from' | 'positions' | 'partitionsConcurrent'> {
  /** Created before the subscription begins; asked for again and again while the bus is away. */
  readonly ensureTopics?: readonly TopicSpec[];
  readonly logger?: Logger;
}

const ENSURE_PAUSES = { pauseMsMin: 200, pauseMsMax: 5000 };

export class MessageBusStrategy implements CustomTransportStrategy {
  readonly transportId = Symbol('message-bus');
  /** Tells Nest that failures of handlers are somebody's business. */
  readonly propagatesEventHandlerErrors = true;
  readonly #handlers = new Map<string, MessageHandler[]>();
  readonly #changed = new Signal();
  #subscription: Subscription | null = null;
  #isClosed = false;

  constructor(
    private readonly bus: MessageBus,
    private readonly options: MessageBusStrategyOptions,
  ) {}

  /** Called by Nest for every handler it finds. */
  addHandler(pattern: unknown, handler: MessageHandler, isEventHandler = false, extras: Record<string, unknown> = {}): void {
    if (typeof pattern !== 'string') throw new TypeError(`the bus takes the name of a topic as pattern, not ${JSON.stringify(pattern)}`);
    if (!isEventHandler) throw new TypeError(`'${pattern}': the bus has no replies, use @EventPattern instead of @MessagePattern`);
    this.#handlers.set(pattern, [...(this.#handlers.get(pattern) ?? []), Object.assign(handler, { isEventHandler, extras })]);
  }

  /** The subscription, once topics exist and it was made; null before. */
  subscription(): Subscription | null {
    return this.#subscription;
  }

  /** Calls back at once: a service must start, and say that it is not ready, while the bus is away. */
  listen(callback: (error?: unknown) => void): void {
    void this.#begin();
    callback();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#changed.ring();
    await this.#subscription?.close();
  }

  on(): void {
    // Nest asks every transport for its events; status is read from the bus itself.
  }

  unwrap<T>(): T {
    return this.bus as T;
  }

  setTransportId(): void {
    // Its own symbol is enough to tell it from others.
  }

  setOnProcessingStartHook(): void {
    // Only Nest's own tracing hooks would use it.
  }

  setOnProcessingEndHook(): void {
    // See above.
  }

  async #begin(): Promise<void> {
    for (let failures = 0; !this.#isClosed; failures++) {
      try {
        await this.bus.ensureTopics(this.options.ensureTopics ?? []);
        await this.#subscribe();
        return;
      } catch (error) {
        if (failures === 0 || failures % 20 === 0) this.options.logger?.error({ group: this.options.group, error: error instanceof Error ? error.message : String(error) }, 'the subscription cannot begin yet, it is tried again');
      }
      await this.#changed.wait(pauseMs(ENSURE_PAUSES, failures));
    }
  }

  async #subscribe(): Promise<void> {
    if (this.#handlers.size === 0) return;
    const { ensureTopics: _, logger: __, ...options } = this.options;
    const subscription = await this.bus.subscribe({ ...options, topics: [...this.#handlers.keys()], onBatch: (batch) => this.#onBatch(batch) });
    if (this.#isClosed) await subscription.close();
    else this.#subscription = subscription;
  }

  async #onBatch(batch: RecordBatch): Promise<void> {
    const handlers = this.#handlers.get(batch.topic) ?? [];
    for (const handler of handlers.filter((it) => it.extras?.['batch'] === true)) await this.#call(handler, batch, new BusContext(batch, null));
    const single = handlers.filter((it) => it.extras?.['batch'] !== true);
    if (single.length === 0) return;
    for (const record of batch.records) {
      if (batch.isStale()) return;
      for (const handler of single) await this.#call(handler, record, new BusContext(batch, record));
    }
  }

  async #call(handler: MessageHandler, payload: unknown, context: BusContext): Promise<void> {
    try {
      await call(handler, payload, context);
    } catch (error) {
      if (!isMasked(error)) throw error;
      this.options.logger?.error({ topic: context.topic }, 'Nest hides the errors of this handler, so it is called again for ever: add @UseFilters(BusErrors) to its controller');
      throw new RetryLater(`the handler of '${context.topic}' failed, and Nest hides why: add @UseFilters(BusErrors) to its controller`, { cause: error });
    }
  }
}

/** Waits for what a handler returns: a promise, or (through Nest's interceptors) a stream, to its end. */
async function call(handler: MessageHandler, payload: unknown, context: BusContext): Promise<void> {
  const result: unknown = await handler(payload, context);
  if (!isStream(result)) return;
  await new Promise<void>((resolve, reject) => {
    result.subscribe({ error: reject, complete: resolve });
  });
}

interface Stream {
  subscribe(observer: { error(reason: unknown): void; complete(): void }): unknown;
}

function isStream(value: unknown): value is Stream {
  return typeof value === 'object' && value !== null && 'subscribe' in value && typeof value.subscribe === 'function';
}
