/** Handlers written the NestJS way, over a real embedded bus. */
import { eventually, failureOf, until } from '@muster/testing';
import { Controller, Inject, Injectable, UseFilters } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { type BusRecord, deadLetterTopic, type MessageBus, type RecordBatch, type TopicSpec } from '@muster/contracts';
import { Registry } from 'prom-client';
import { BusContext, BusErrors, MESSAGE_BUS, MessageBusStrategy, MessagingModule } from '../src/index.js';
import { type EmbeddedFixture, embeddedFixture } from '../testing/embedded-fixture.js';

const SINGLE: TopicSpec = { name: 'single', partitionCount: 2, cleanup: 'delete', retentionMs: 3_600_000 };
const BATCHES: TopicSpec = { ...SINGLE, name: 'batches' };

const seen: string[] = [];
const textOf = (record: BusRecord): string => Buffer.from(record.value ?? []).toString();

@Controller()
@UseFilters(BusErrors)
class Handlers {
  @EventPattern<string>('single')
  async one(@Payload() record: BusRecord, @Ctx() context: BusContext): Promise<void> {
    await context.heartbeat();
    if (textOf(record) === 'poison') throw new Error('cannot');
    seen.push(`one ${context.topic} ${textOf(record)}`);
  }

  @EventPattern<string>('batches', { batch: true })
  many(@Payload() batch: RecordBatch, @Ctx() context: BusContext): void {
    seen.push(...batch.records.map((record) => `many ${context.topic} ${textOf(record)}`));
  }
}

@Controller()
class Masked {
  static calls = 0;

  @EventPattern<string>('single')
  one(): void {
    if (++Masked.calls <= 5) throw new Error('the database is away');
    seen.push('masked');
  }
}

@Controller()
class Asker {
  @MessagePattern('single')
  answer(): string {
    return 'no';
  }
}

@Injectable()
class Sender {
  constructor(@Inject(MESSAGE_BUS) readonly bus: MessageBus) {}
}

describe('a NestJS application on the bus', () => {
  let fixture: EmbeddedFixture;

  beforeEach(async () => {
    seen.length = 0;
    fixture = await embeddedFixture();
  });
  afterEach(() => fixture.close());

  it('gets records and batches in ordinary handlers, creates topics, puts poison aside, and closes the bus at the end', async () => {
    const metrics = new Registry();
    const bus = fixture.connect({ clientId: 'nest', metrics, retryPauseMsMin: 5, retryPauseMsMax: 20 });
    const module = await Test.createTestingModule({ imports: [MessagingModule.forRoot({ bus })], controllers: [Handlers], providers: [Sender] }).compile();
    const strategy = new MessageBusStrategy(bus, { group: 'nest', from: 'earliest', partitionsConcurrent: 2, ensureTopics: [SINGLE, BATCHES, deadLetterTopic('single')] });
    const app = module.createNestMicroservice({ strategy, logger: false });
    app.enableShutdownHooks();
    await app.listen();
    const sender = app.get(Sender);
    expect(sender.bus).toBe(bus);
    await until('the subscription is made', () => strategy.subscription() !== null);
    await sender.bus.publish('single', ['a', 'poison', 'b'].map((value) => ({ key: 'k', value: Buffer.from(value) })));
    await sender.bus.publish('batches', [{ key: 'k', value: Buffer.from('c') }]);
    await until('all arrive', () => ['one single a', 'one single b', 'many batches c'].every((it) => seen.includes(it)));
    const lines = ['messaging_dead_letters_total{topic="single"} 1', 'messaging_bus_up 1', 'messaging_records_published_total{topic="batches"} 1', 'messaging_records_handled_total{topic="single",group="nest"}', 'messaging_consumer_lag_records{group="nest"} 0', 'messaging_publish_queue_records 0'];
    await eventually('all of it is counted', () => metrics.metrics(), (shown) => lines.every((line) => shown.includes(line)));
    await app.close();
    expect(bus.status().state).toBe('down');
  });

  it('loses nothing when Nest hides what went wrong', async () => {
    const bus = fixture.connect({ clientId: 'nest', retryPauseMsMin: 1, retryPauseMsMax: 5 });
    const module = await Test.createTestingModule({ imports: [MessagingModule.forRoot({ bus })], controllers: [Masked] }).compile();
    const hints: string[] = [];
    const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: (_: object, message: string) => void hints.push(message) };
    const app = module.createNestMicroservice({ strategy: new MessageBusStrategy(bus, { group: 'nest', from: 'earliest', ensureTopics: [SINGLE], logger }), logger: false });
    await app.listen();
    await until('the topic is there', async () => (await Promise.allSettled([bus.publish('single', [{ key: 'k', value: null }])]))[0]?.status === 'fulfilled');
    await until('it is handled at last', () => seen.includes('masked'));
    expect(hints[0]).toContain('@UseFilters(BusErrors)');
    await app.close();
  });

  it('starts while the bus is away and begins when it comes', async () => {
    await fixture.close();
    const bus = fixture.connect({ clientId: 'nest', requestTimeoutMs: 300 });
    const module = await Test.createTestingModule({ imports: [MessagingModule.forRootAsync({ useFactory: () => bus })], controllers: [Handlers] }).compile();
    const strategy = new MessageBusStrategy(bus, { group: 'nest', from: 'earliest', ensureTopics: [SINGLE, BATCHES] });
    const app = module.createNestMicroservice({ strategy, logger: false });
    await app.listen();
    expect(strategy.subscription()).toBeNull();
    await app.close();
    expect(strategy.subscription()).toBeNull();
  });

  it('refuses patterns that want an answer', async () => {
    const bus = fixture.connect({ clientId: 'nest' });
    const module = await Test.createTestingModule({ imports: [MessagingModule.forRoot({ bus })], controllers: [Asker] }).compile();
    const app = module.createNestMicroservice({ strategy: new MessageBusStrategy(bus, { group: 'nest', from: 'earliest' }), logger: false, abortOnError: false });
    expect((await failureOf(app.listen())).message).toContain('use @EventPattern instead');
    await bus.close();
  });
});
