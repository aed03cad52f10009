/**
 * The lane of the coordinator's own agent: each beat is taken at once, and sent round through the bus as well, once through every
 * partition of its topic.
 *
 * Those that come back prove that beats of others reach us, for each partition by itself. Whether the bus took any is told to the agent
 * where there are other coordinators, which are then reached by direct lanes; one that is alone has nobody else to tell.
 */
import { HEARTBEATS_TOPIC, type Logger, type MessageBus, type OutgoingRecord } from '@muster/contracts';
import type { BeatIntake } from './beat-intake.js';

export interface OwnBeatsOptions {
  readonly bus: MessageBus;
  readonly intake: Pick<BeatIntake, 'fromSelf'>;
  readonly logger: Logger;
  /** Whether anybody else has to hear of us. */
  readonly hasOthers: () => boolean;
  /** How long the bus may take, so that beats never wait for each other. Milliseconds. */
  readonly limitMs: number;
}

export function ownBeats({ bus, intake, logger, hasOthers, limitMs }: OwnBeatsOptions): MessageBus {
  const send = async (topic: string, records: readonly OutgoingRecord[]): Promise<void> => {
    try {
      await bus.publish(topic, records);
    } catch (error) {
      logger.debug({ error: String(error) }, 'our own beat did not get onto the bus');
      throw error;
    }
  };
  return {
    kind: bus.kind,
    ensureTopics: (topics) => bus.ensureTopics(topics),
    subscribe: (options) => bus.subscribe(options),
    status: () => bus.status(),
    // It is not ours to close: the application closes the bus itself.
    close: () => Promise.resolve(),
    async publish(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
      for (const { value } of records) if (value !== null) intake.fromSelf(value);
      // One call for each: a partition that hangs holds up its own alone.
      const sent = anyOf(Array.from({ length: HEARTBEATS_TOPIC.partitionCount }, (_, partition) => send(topic, records.map((record) => ({ ...record, partition })))));
      if (hasOthers()) return takenInTime(sent, limitMs);
      sent.catch(() => undefined);
    },
  };
}

/** Fails as the first of them did when all do. */
function anyOf(sent: readonly Promise<void>[]): Promise<void> {
  return Promise.any(sent).catch((error: unknown) => {
    throw error instanceof AggregateError ? error.errors[0] : error;
  });
}

async function takenInTime(sent: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the bus took none of our beats within ${limitMs} ms`)), limitMs);
  });
  try {
    await Promise.race([sent, late]);
  } finally {
    clearTimeout(timer);
  }
}
