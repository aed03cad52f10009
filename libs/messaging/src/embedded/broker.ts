/**
 * The server of the embedded bus: answers clients, keeps their records, wakes readers when something arrives.
 *
 * Records that arrive in one turn of the event loop share one transaction; nobody polls. For one machine: there is one broker, and
 * while it is away nobody can publish.
 */
import { BusError, type TopicSpec } from '@muster/contracts';
import type { BrokerConnection } from './broker-connection.js';
import { Facts } from './broker-facts.js';
import type { BrokerSettings } from './broker-options.js';
import { ConsumerGroup, type Seat } from './consumer-group.js';
import { type Frame, FrameError } from './frames.js';
import { placeOf } from '../shared/partitioner.js';
import { FRAME_BYTES_MAX, type Grant, NOTICE, PROTOCOL_VERSION, REQUEST, type RequestKind } from './protocol.js';
import { decodeOutgoing, encodeStored, type SentRecord } from './record-codec.js';
import { RecordStore, type StoredPartition, type StoredTopic } from './record-store.js';
import { forget } from './retention.js';

interface Member extends Seat {
  readonly connection: BrokerConnection;
  readonly subscription: number;
  readonly group: ConsumerGroup;
}

/** A fetch that waits for its partition to grow. */
interface Waiting {
  readonly member: Member;
  readonly requestId: number;
  readonly at: StoredPartition;
  readonly offset: number;
  readonly recordsMax: number;
  readonly bytesMax: number;
}

/** Something to write, and what to tell its sender afterwards. */
interface Write {
  readonly connection: BrokerConnection;
  readonly requestId: number;
  perform(): void;
}

const READ_BYTES_MAX = FRAME_BYTES_MAX / 2;

export class Broker {
  readonly #store: RecordStore;
  readonly #groups = new Map<string, ConsumerGroup>();
  readonly #members = new Map<BrokerConnection, Map<number, Member>>();
  readonly #waiting = new Map<StoredPartition, Set<Waiting>>();
  readonly #grown = new Set<StoredPartition>();
  readonly #moved = new Set<StoredPartition>();
  #writes: Write[] = [];
  #memberIds = 0;
  #spread = 0;

  constructor(private readonly settings: BrokerSettings) {
    this.#store = new RecordStore(settings.dataFile);
  }

  readonly serve = (connection: BrokerConnection, frame: Frame): void => {
    try {
      this.#dispatch(connection, frame);
    } catch (error) {
      if (error instanceof FrameError) throw error;
      connection.refuse(frame.id, error);
    }
  };

  /** Its partitions go to others at once. */
  readonly disconnected = (connection: BrokerConnection): void => {
    for (const member of this.#members.get(connection)?.values() ?? []) this.#remove(member);
    this.#members.delete(connection);
  };

  /** Work that is due by the clock; cheap, called about once a second. */
  tick(): void {
    for (const group of this.#groups.values()) group.expire(performance.now(), this.settings.releaseTimeoutMs);
    this.#sendWatermarks();
  }

  /** One step of forgetting old records; true when another is due. */
  forget(): boolean {
    return forget(this.#store, this.settings, Date.now(), (group) => this.#groups.has(group));
  }

  close(): void {
    this.#flush();
    this.#store.close();
  }

  #dispatch(connection: BrokerConnection, frame: Frame): void {
    const facts = new Facts(frame.facts);
    const kind = frame.kind as RequestKind;
    switch (kind) {
      case REQUEST.hello:
        return this.#hello(connection, frame, facts);
      case REQUEST.ping:
        return connection.answer(frame.id, {});
      case REQUEST.ensure:
        for (const spec of facts.topics('topics')) this.#ensure(spec);
        return connection.answer(frame.id, {});
      case REQUEST.publish:
        return this.#publish(connection, frame, facts);
      case REQUEST.join:
        return this.#join(connection, frame, facts);
      case REQUEST.leave:
        this.#remove(this.#member(connection, facts));
        return connection.answer(frame.id, {});
      case REQUEST.fetch:
        return this.#fetch(connection, frame, facts);
      case REQUEST.commit:
        return this.#commit(connection, frame, facts);
      case REQUEST.release:
        return this.#release(connection, frame, facts);
      case REQUEST.end: {
        const { low, high } = this.#partition(facts);
        return connection.answer(frame.id, { low, high });
      }
    }
    throw new FrameError(`no request has kind ${String(kind)}`);
  }

  #hello(connection: BrokerConnection, frame: Frame, facts: Facts): void {
    const version = facts.count('version');
    if (version !== PROTOCOL_VERSION) throw new BusError('BUS_FAILED', false, `the broker speaks version ${PROTOCOL_VERSION} of the embedded bus, the client ${version}: run both from one build`);
    connection.clientId = facts.text('clientId');
    connection.answer(frame.id, {});
  }

  #ensure(spec: TopicSpec): void {
    const topic = this.#store.topics.get(spec.name);
    if (topic === undefined) return this.#store.createTopic(spec);
    if (topic.partitions.length !== spec.partitionCount || topic.cleanup !== spec.cleanup) {
      throw new BusError('BUS_TOPIC_SHAPE', false, `topic '${spec.name}' has ${topic.partitions.length} partitions with cleanup ${topic.cleanup}, wanted are ${spec.partitionCount} with ${spec.cleanup}: use another name, or remove the topic's data`);
    }
    if (topic.retentionMs !== spec.retentionMs) this.#store.setRetention(topic, spec.retentionMs);
  }

  #publish(connection: BrokerConnection, frame: Frame, facts: Facts): void {
    const topic = this.#topic(facts.text('topic'));
    const records = decodeOutgoing(frame.body);
    for (const { headers } of records) checkHeaders(headers);
    const keyless = topic.cleanup === 'compact' && records.some((record) => record.key === null);
    if (keyless) throw new BusError('BUS_FAILED', false, `topic '${topic.name}' is compacted: every record needs a key`);
    // Before anything is written: one record without a place refuses the whole call, and no other.
    const placed = records.map((record) => ({ record, at: this.#place(topic, record) }));
    this.#write({
      connection,
      requestId: frame.id,
      perform: () => {
        const nowUnixMs = Date.now();
        for (const { record, at } of placed) {
          this.#store.append(at, record, nowUnixMs);
          this.#grown.add(at);
        }
      },
    });
  }

  #place(topic: StoredTopic, record: SentRecord): StoredPartition {
    const number = placeOf(record, { topic: topic.name, partitionCount: topic.partitions.length }, () => this.#spread++);
    return topic.partitions[number] as StoredPartition;
  }

  #join(connection: BrokerConnection, frame: Frame, facts: Facts): void {
    const [subscription, topics, name] = [facts.count('subscription'), facts.texts('topics'), facts.text('group')];
    for (const topic of topics) this.#topic(topic);
    const group = this.#groups.get(name) ?? new ConsumerGroup(name, this.#store.topics);
    this.#groups.set(name, group);
    const members = this.#members.get(connection) ?? new Map<number, Member>();
    this.#members.set(connection, members);
    const old = members.get(subscription);
    if (old !== undefined) this.#remove(old);
    const startsLate = frame.facts['startAt'] === 'latest';
    const member: Member = {
      id: ++this.#memberIds,
      topics: new Set(topics),
      connection,
      subscription,
      group,
      granted: (partitions) => connection.notify(NOTICE.assigned, { subscription, granted: partitions.map((at) => this.#grant(member, at, startsLate)) }),
      revoke: (at) => this.#take(member, at, NOTICE.revoke),
      lost: (at) => this.#take(member, at, NOTICE.lost),
    };
    members.set(subscription, member);
    connection.answer(frame.id, { expected: group.join(member, performance.now()) });
  }

  /** A group that begins at the end is written down there, so that it misses nothing if it dies before its first commit. */
  #grant(member: Member, at: StoredPartition, startsLate: boolean): Grant {
    let committed = this.#store.committed(member.group.name, at);
    if (committed === null && startsLate) {
      committed = at.high;
      this.#store.commit(member.group.name, at, committed, Date.now());
    }
    return { topic: at.topic, partition: at.partition, committed, low: at.low, high: at.high };
  }

  #take(member: Member, at: StoredPartition, notice: number): void {
    member.connection.notify(notice, { subscription: member.subscription, topic: at.topic, partition: at.partition });
    this.#dropWaiting(member, at);
  }

  #dropWaiting(member: Member, at: StoredPartition): void {
    for (const waiting of this.#waiting.get(at) ?? []) {
      if (waiting.member !== member) continue;
      this.#waiting.get(at)?.delete(waiting);
      member.connection.answer(waiting.requestId, { high: at.high, gone: true });
    }
  }

  #remove(member: Member): void {
    this.#members.get(member.connection)?.delete(member.subscription);
    for (const topic of member.topics) for (const at of this.#store.topics.get(topic)?.partitions ?? []) this.#dropWaiting(member, at);
    member.group.leave(member, performance.now());
    if (member.group.isEmpty()) this.#groups.delete(member.group.name);
  }

  #fetch(connection: BrokerConnection, frame: Frame, facts: Facts): void {
    const member = this.#member(connection, facts);
    const at = this.#partition(facts);
    if (member.group.isRevoked(member, at)) return connection.answer(frame.id, { high: at.high, gone: true });
    const waiting = { member, requestId: frame.id, at, offset: facts.count('offset'), recordsMax: Math.max(1, facts.count('recordsMax')), bytesMax: Math.min(READ_BYTES_MAX, facts.count('bytesMax')) };
    if (this.#answerFetch(waiting)) return;
    // One at a time: each would be answered with the same records.
    this.#dropWaiting(member, at);
    const others = this.#waiting.get(at) ?? new Set();
    this.#waiting.set(at, others.add(waiting));
  }

  #answerFetch({ member, requestId, at, offset, recordsMax, bytesMax }: Waiting): boolean {
    if (offset >= at.high) return false;
    const records = this.#store.read(at, offset, recordsMax, bytesMax);
    if (records.length === 0) return false;
    member.connection.answer(requestId, { high: at.high }, encodeStored(records));
    return true;
  }

  #commit(connection: BrokerConnection, frame: Frame, facts: Facts): void {
    const member = this.#member(connection, facts);
    const [at, offset] = [this.#partition(facts), facts.count('offset')];
    if (!member.group.holds(member, at)) throw new BusError('BUS_FAILED', false, `'${member.group.name}' gave ${at.topic}/${at.partition} to another member: nothing is committed`);
    this.#write({ connection, requestId: frame.id, perform: () => this.#store.commit(member.group.name, at, offset, Date.now()) });
  }

  #release(connection: BrokerConnection, frame: Frame, facts: Facts): void {
    const member = this.#member(connection, facts);
    // After the writes that wait: the next holder must begin where this one committed.
    this.#flush();
    member.group.release(member, this.#partition(facts));
    connection.answer(frame.id, {});
  }

  #write(write: Write): void {
    if (this.#writes.push(write) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const writes = this.#writes;
    if (writes.length === 0) return;
    this.#writes = [];
    try {
      this.#store.transaction(() => writes.forEach((write) => write.perform()));
    } catch (error) {
      this.#grown.clear();
      this.settings.logger.error({ error: String(error), dataFile: this.settings.dataFile }, 'the embedded bus could not write');
      for (const { connection, requestId } of writes) connection.refuse(requestId, new BusError('BUS_FAILED', true, `the broker could not write to ${this.settings.dataFile}: ${String(error)}`));
      return;
    }
    for (const { connection, requestId } of writes) connection.answer(requestId, {});
    for (const at of this.#grown) {
      this.#moved.add(at);
      for (const waiting of this.#waiting.get(at) ?? []) if (this.#answerFetch(waiting)) this.#waiting.get(at)?.delete(waiting);
    }
    this.#grown.clear();
  }

  /** Tells holders that are busy or paused how far their partitions have grown. */
  #sendWatermarks(): void {
    if (this.#moved.size === 0) return;
    for (const group of this.#groups.values()) {
      const news = new Map<Seat, { topic: string; partition: number; high: number }[]>();
      for (const [seat, at] of group.holders()) {
        if (this.#moved.has(at)) news.set(seat, [...(news.get(seat) ?? []), { topic: at.topic, partition: at.partition, high: at.high }]);
      }
      for (const [seat, highs] of news) (seat as Member).connection.notify(NOTICE.watermarks, { subscription: (seat as Member).subscription, highs });
    }
    this.#moved.clear();
  }

  #member(connection: BrokerConnection, facts: Facts): Member {
    const subscription = facts.count('subscription');
    const member = this.#members.get(connection)?.get(subscription);
    if (member === undefined) throw new BusError('BUS_FAILED', true, `subscription ${subscription} has not joined a group on this connection`);
    return member;
  }

  #topic(name: string): StoredTopic {
    const topic = this.#store.topics.get(name);
    if (topic === undefined) throw new BusError('BUS_FAILED', false, `topic '${name}' does not exist: create it with ensureTopics`);
    return topic;
  }

  #partition(facts: Facts): StoredPartition {
    const topic = this.#topic(facts.text('topic'));
    const partition = topic.partitions[facts.count('partition')];
    if (partition === undefined) throw new BusError('BUS_FAILED', false, `topic '${topic.name}' has ${topic.partitions.length} partitions, not number ${facts.count('partition')}`);
    return partition;
  }
}

/** Readers parse them: what is stored must be an object of texts. */
function checkHeaders(headers: string | null): void {
  if (headers === null) return;
  let parsed: unknown;
  try {
    parsed = JSON.parse(headers);
  } catch (error) {
    throw new FrameError('the headers of a record are not JSON', { cause: error });
  }
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  if (!isObject || !Object.values(parsed as object).every((value) => typeof value === 'string')) throw new FrameError('the headers of a record are not an object of texts');
}
