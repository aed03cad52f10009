/** What a fault of the Kafka client means to whoever called the bus. */
import { BusError } from '@muster/contracts';

interface ClientFault {
  readonly name?: string;
  readonly type?: string;
  readonly message?: string;
  readonly retriable?: boolean;
  readonly cause?: unknown;
}

const AWAY = new Set(['KafkaJSConnectionError', 'KafkaJSConnectionClosedError', 'KafkaJSBrokerNotFound', 'KafkaJSNoBrokerAvailableError', 'KafkaJSGroupCoordinatorNotFound']);
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const UNKNOWN_TOPIC = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION']);
const REFUSED = new Set(['INVALID_RECORD', 'CORRUPT_MESSAGE', 'TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED', 'INVALID_CONFIG', 'POLICY_VIOLATION', 'INVALID_REPLICATION_FACTOR', 'INVALID_PARTITIONS']);

/** The fault under the wrappers that say how often it was tried. */
export function rootFault(error: unknown): ClientFault {
  let fault = error as ClientFault;
  for (let depth = 0; depth < 8 && fault.type === undefined && typeof fault.cause === 'object' && fault.cause !== null; depth++) fault = fault.cause;
  return fault;
}

/** A `BusError` for whatever the client threw while it was `doing` something. */
export function busErrorOf(error: unknown, doing: string): BusError {
  if (error instanceof BusError) return error;
  const fault = rootFault(error);
  const { name = 'Error', type = '' } = fault;
  const why = `${doing}: ${fault.message ?? String(error)}`;
  if (TOO_LARGE.has(type)) return new BusError('BUS_RECORD_TOO_LARGE', false, `${why}. Split the record, or raise max.message.bytes of the topic`, { cause: error });
  if (UNKNOWN_TOPIC.has(type)) return new BusError('BUS_FAILED', false, `${why}. Create the topic with ensureTopics`, { cause: error });
  if (REFUSED.has(type)) return new BusError('BUS_FAILED', false, why, { cause: error });
  if (name === 'KafkaJSRequestTimeoutError' || type === 'REQUEST_TIMED_OUT') return new BusError('BUS_TIMEOUT', true, why, { cause: error });
  if (AWAY.has(name)) return new BusError('BUS_DOWN', true, why, { cause: error });
  return new BusError('BUS_FAILED', fault.retriable !== false, why, { cause: error });
}

/** The group went on without us: somebody else may have our partitions. */
export const isExpelled = (error: unknown): boolean => ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'].includes(rootFault(error).type ?? '');
