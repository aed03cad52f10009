/** Takes batches from the bus and has them stored; one handler per topic. */
import { EVENTS_TOPIC, LOGS_TOPIC, type RecordBatch } from '@muster/contracts';
import { BusErrors } from '@muster/messaging';
import { Controller, Inject, UseFilters } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { BatchWriter } from './batch-writer.js';

export const LOG_WRITER = Symbol('LOG_WRITER');
export const EVENT_WRITER = Symbol('EVENT_WRITER');

@Controller()
@UseFilters(BusErrors)
export class RecordsConsumer {
  constructor(
    @Inject(LOG_WRITER) private readonly logs: BatchWriter,
    @Inject(EVENT_WRITER) private readonly events: BatchWriter,
  ) {}

  @EventPattern<{ [topic: string]: RecordBatch }>(LOGS_TOPIC.name, { batch: true })
  async storeLogs(@Payload() batch: RecordBatch): Promise<void> {
    await this.logs.write(batch);
  }

  @EventPattern<{ [topic: string]: RecordBatch }>(EVENTS_TOPIC.name, { batch: true })
  async storeEvents(@Payload() batch: RecordBatch): Promise<void> {
    await this.events.write(batch);
  }
}
