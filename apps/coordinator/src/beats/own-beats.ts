/**
 * The lane of the coordinator's own agent: each beat is taken at once, and sent round through the bus as well, once through every
 * partition of its topic.
 *
 * Those that come back prove that beats of others reach us, for each partition by itself. Their loss harms nobody, so it is not waited for.
 */
import { HEARTBEATS_TOPIC, type Logger, type MessageBus, type OutgoingRecord } from '@muster/contracts';
import type { BeatIntake } from './beat-intake.js';

export function ownBeats(bus: MessageBus, intake: Pick<BeatIntake, 'fromSelf'>, logger: Logger): MessageBus {
  const send = (topic: string, records: readonly OutgoingRecord[]): void => {
    bus.publish(topic, records).catch((error: unknown) => logger.debug({ error: String(error) }, 'our own beat did not get onto the bus'));
  };
  return {
    kind: bus.kind,
    ensureTopics: (topics) => bus.ensureTopics(topics),
    subscribe: (options) => bus.subscribe(options),
    status: () => bus.status(),
    // It is not ours to close: the application closes the bus itself.
    close: () => Promise.resolve(),
    publish(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
      for (const { value } of records) if (value !== null) intake.fromSelf(value);
      // One call for each: a partition that hangs holds up its own alone.
      for (let partition = 0; partition < HEARTBEATS_TOPIC.partitionCount; partition++) send(topic, records.map((record) => ({ ...record, partition })));
      return Promise.resolve();
    },
  };
}
