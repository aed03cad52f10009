/** Beats from the bus, a batch at a time; those that nobody can read go to the dead-letter topic with the reason. */
import { HEARTBEATS_TOPIC, RetryLater, type RecordBatch } from '@muster/contracts';
import { BusErrors } from '@muster/messaging';
import { Controller, UseFilters } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { BeatIntake } from './beat-intake.js';

@Controller()
@UseFilters(BusErrors)
export class HeartbeatsConsumer {
  constructor(private readonly intake: BeatIntake) {}

  @EventPattern(HEARTBEATS_TOPIC.name, { batch: true })
  async onBatch(@Payload() payload: object): Promise<void> {
    // The transport hands over what its contract says; Nest's types know it as an object only.
    const batch = payload as RecordBatch;
    const refused = this.intake.fromBus(batch.records.map((record) => record.value), batch.partition);
    for (const [position, reason] of refused) {
      const record = batch.records[position];
      if (record === undefined) continue;
      try {
        await batch.deadLetter(record, reason);
      } catch (error) {
        // The batch comes again; its good beats are known by then and do no harm.
        throw new RetryLater(`an unreadable beat could not be set aside: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
  }
}
