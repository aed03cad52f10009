/**
 * The lane of the coordinator's own agent: each beat is taken at once, and sent round through the bus as well.
 *
 * The one that comes back is the proof that beats reach us. Its loss harms nobody, so it is not waited for.
 */
import type { Logger, MessageBus, OutgoingRecord } from '@muster/contracts';
import type { BeatIntake } from './beat-intake.js';

export function ownBeats(bus: MessageBus, intake: Pick<BeatIntake, 'fromSelf'>, logger: Logger): MessageBus {
  return {
    kind: bus.kind,
    ensureTopics: (topics) => bus.ensureTopics(topics),
    subscribe: (options) => bus.subscribe(options),
    status: () => bus.status(),
    // It is not ours to close: the application closes the bus itself.
    close: () => Promise.resolve(),
    publish(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
      for (const { value } of records) if (value !== null) intake.fromSelf(value);
      bus.publish(topic, records).catch((error: unknown) => logger.debug({ error: String(error) }, 'our own beat did not get onto the bus'));
      return Promise.resolve();
    },
  };
}
