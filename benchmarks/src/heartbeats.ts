/**
 * Beats through real Kafka into the state of one coordinator: the bus, the decoder, the observer and the membership that a coordinator
 * runs, with a log that takes every entry at once.
 *
 * The beats lie in Kafka before reading begins, so that the writer takes no CPU from the reader: what is measured is how fast a backlog
 * is worked off, and what a beat costs while nobody is late. The first fifth, in which every member joins and the code gets warm, does not count.
 */
import { randomUUID } from 'node:crypto';
import { type Beat, decodeBeat, encodeBeat, HEARTBEATS_TOPIC, type MessageBus, type RecordBatch, type TopicSpec } from '@muster/contracts';
import { type Effect, newestBeats, Observer, TICK_MS } from '@muster/evidence';
import { detectorConfig } from '@muster/failure-detector';
import { SCORE_DEFAULTS } from '@muster/health-score';
import { changesOf, Membership, membershipRules, type SingleCommand } from '@muster/membership';
import { createMessageBus } from '@muster/messaging';
import { findServers } from '@muster/test-servers';
import { machineConditions } from './conditions.js';
import { memoryOf } from './processes.js';
import { tell, tellProgress } from './progress.js';
import type { BenchReport } from './report.js';

/** Long, so that nobody is late while the partition of its beats waits its turn: a backlog is read partition by partition. */
const INTERVAL_MS = 60_000;
const FAILURE_TIMEOUT_MS = 300_000;
const WARM_UP_SHARE = 0.2;
const PUBLISH_RECORDS = 2000;
/** Publications under way at once. Count. */
const PUBLISH_UNDERWAY = 4;
const READ_TIMEOUT_MS = 300_000;

export interface HeartbeatsOptions {
  readonly nodes: number;
  readonly beats: number;
}

const nodeIdOf = (position: number): string => `payments-worker-${position}`;
const incarnation = 1_795_218_000_123_456;

function beatOf(position: number, seq: number): Beat {
  return {
    v: 1,
    nodeId: nodeIdOf(position),
    incarnation,
    seq,
    sentMonoMs: seq * INTERVAL_MS + ((position * 7919) % 1000) / 16,
    sentUnixMs: 1_795_218_000_000 + seq * INTERVAL_MS,
    intervalMs: INTERVAL_MS,
    state: 'running',
    service: 'payments-worker',
    zone: `zone-${position % 3}`,
    tags: { version: '4.12.1', rack: `r${position % 40}` },
    resources: { cores: 2, memoryBytes: 2_147_483_648 },
    httpUrl: `http://10.0.${(position >> 8) & 255}.${position & 255}:8080`,
    probeUrl: `tcp://10.0.${(position >> 8) & 255}.${position & 255}:40123`,
    mainLagMs: 0,
    vitals: { cpuProcess: 0.0625 + (seq % 7) / 100, cpuHost: 0.21 + (seq % 5) / 100, memory: 0.4375, eventLoopDelayMs: 11.2 + (seq % 3), errorRate: 0, checks: [{ name: 'database', ok: true }, { name: 'bus', ok: true }] },
  };
}

/** What a coordinator knows, and the little that its shell does: proposals are applied at once, probes find out nothing. */
class State {
  readonly membership = new Membership(membershipRules({ stabilisationMs: 0 }));
  private readonly observer: Observer;
  private readonly ticker: NodeJS.Timeout;
  private alarm: NodeJS.Timeout | undefined;
  private index = 0;
  /** Spent on what beats do not ask for: ticks, alarms, probes. Milliseconds. */
  aroundMs = 0;

  constructor() {
    const rules = { failureTimeoutMs: FAILURE_TIMEOUT_MS, hungTimeoutMs: 60_000, brakeFraction: 0.3, brakeHoldMs: 60_000, probeTimeLimitMs: 500 };
    this.observer = new Observer({ nodeId: 'coordinator-1', membership: this.membership, detector: detectorConfig({ phiThreshold: 8, failureTimeoutMs: FAILURE_TIMEOUT_MS }), score: SCORE_DEFAULTS, intervalMs: INTERVAL_MS, rules }, this.now());
    this.give({ kind: 'role', isLeader: true, term: 1 });
    this.give({ kind: 'bus', isUp: true });
    this.ticker = setInterval(() => this.around({ kind: 'tick' }), TICK_MS);
  }

  give(input: Parameters<Observer['step']>[0]): void {
    for (const effect of this.observer.step(input, this.now())) this.perform(effect);
  }

  healthy(): number {
    let count = 0;
    for (const { record } of this.membership.all()) if (record.status === 'HEALTHY') count += 1;
    return count;
  }

  close(): void {
    clearInterval(this.ticker);
    clearTimeout(this.alarm);
  }

  private around(input: Parameters<Observer['step']>[0]): void {
    const fromMs = ownCpuMs();
    this.give(input);
    this.aroundMs += ownCpuMs() - fromMs;
  }

  private now(): { ms: number; unixMs: number } {
    return { ms: performance.now(), unixMs: Date.now() };
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case 'arm':
        clearTimeout(this.alarm);
        if (effect.atMs !== null) this.alarm = setTimeout(() => this.around({ kind: 'alarm' }), Math.max(1, effect.atMs - performance.now()));
        break;
      case 'probe':
        setImmediate(() => this.around({ kind: 'probed', nodeId: effect.target.nodeId, incarnation: effect.target.incarnation, by: effect.by, result: null, mainLagMs: 0, askedAtMs: effect.askedAtMs, lateMs: 0 }));
        break;
      case 'propose':
        this.apply(effect.ticket, this.observer.stillHolds(effect.ticket, this.now()));
        break;
      case 'report':
        break;
    }
  }

  private apply(ticket: number, commands: readonly SingleCommand[]): void {
    if (commands.length === 0) return this.give({ kind: 'settled', ticket, result: 'withdrawn', outcome: null });
    const outcome = this.membership.apply({ index: (this.index += 1), term: 1, command: { kind: 'many', term: 1, atUnixMs: Date.now(), commands } });
    // The outbox is emptied as a publisher would.
    this.membership.apply({ index: this.index + 1, term: 1, command: { kind: 'published', term: 1, upToIndex: this.index } });
    this.index += 1;
    this.give({ kind: 'changes', changes: changesOf(outcome) });
    this.give({ kind: 'settled', ticket, result: 'applied', outcome });
  }
}

interface Read {
  readonly beats: number;
  readonly unreadable: number;
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly decodeMs: number;
  readonly stateMs: number;
  readonly aroundMs: number;
}

/** CPU of the main thread: on a busy machine the clock on the wall says more about its neighbours. Milliseconds. */
function ownCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Works off what lies in Kafka. */
async function read(bus: MessageBus, topic: TopicSpec, total: number, state: State): Promise<Read> {
  const warmUp = Math.floor(total * WARM_UP_SHARE);
  let [read, unreadable, decodeMs, stateMs, startedMs] = [0, 0, 0, 0, 0];
  let cpu = process.cpuUsage();
  const { promise: done, resolve, reject } = Promise.withResolvers<Read>();
  const limit = setTimeout(() => reject(new Error(`only ${read} of ${total} beats were read within ${READ_TIMEOUT_MS / 1000} s`)), READ_TIMEOUT_MS);
  const take = (batch: RecordBatch): void => {
    const fromMs = ownCpuMs();
    const beats: Beat[] = [];
    for (const { value } of batch.records) {
      const decoded = value === null ? null : decodeBeat(value);
      if (decoded?.kind === 'ok') beats.push(decoded.value);
      else unreadable += 1;
    }
    const decodedMs = ownCpuMs();
    state.give({ kind: 'beats', beats: newestBeats(beats).values(), lane: 'bus', partition: batch.partition });
    const takenMs = ownCpuMs();
    const endedMs = performance.now();
    const before = read;
    read += batch.records.length;
    if (before < warmUp && read >= warmUp) {
      [decodeMs, stateMs, state.aroundMs, startedMs] = [0, 0, 0, endedMs];
      cpu = process.cpuUsage();
      return;
    }
    decodeMs += decodedMs - fromMs;
    stateMs += takenMs - decodedMs;
    tellProgress(`heartbeats: ${read} of ${total} beats read`);
    if (read < total) return;
    const spent = process.cpuUsage(cpu);
    resolve({ beats: total - warmUp, unreadable, elapsedMs: endedMs - startedMs, cpuMs: (spent.user + spent.system) / 1000, decodeMs, stateMs, aroundMs: state.aroundMs });
  };
  const subscription = await bus.subscribe({ topics: [topic.name], group: `bench-${randomUUID()}`, from: 'earliest', onBatch: (batch) => Promise.resolve(take(batch)) });
  try {
    return await done;
  } finally {
    clearTimeout(limit);
    await subscription.close();
  }
}

async function publish(bus: MessageBus, topic: TopicSpec, { nodes, beats }: HeartbeatsOptions): Promise<number> {
  // One is checked against the schema; the others differ from it in numbers only.
  encodeBeat(beatOf(0, 1));
  const encoder = new TextEncoder();
  const underway = new Set<Promise<void>>();
  let bytes = 0;
  for (let from = 0; from < beats; from += PUBLISH_RECORDS) {
    const records = Array.from({ length: Math.min(PUBLISH_RECORDS, beats - from) }, (_, offset) => {
      const value = encoder.encode(JSON.stringify(beatOf((from + offset) % nodes, Math.floor((from + offset) / nodes) + 1)));
      bytes += value.byteLength;
      return { key: nodeIdOf((from + offset) % nodes), value };
    });
    const published = bus.publish(topic.name, records).finally(() => underway.delete(published));
    underway.add(published);
    if (underway.size >= PUBLISH_UNDERWAY) await Promise.race(underway);
    tellProgress(`heartbeats: ${from + records.length} of ${beats} beats put into Kafka`);
  }
  await Promise.all(underway);
  return bytes / beats;
}

export async function heartbeats(options: HeartbeatsOptions): Promise<BenchReport> {
  const conditions = machineConditions();
  tell('heartbeats: looking for Kafka');
  const servers = await findServers({ needed: ['kafka'] });
  const bus = createMessageBus(`kafka://${servers.kafka.url}`, { clientId: 'bench-heartbeats' });
  const topic: TopicSpec = { ...HEARTBEATS_TOPIC, name: `bench.heartbeats.${randomUUID().slice(0, 8)}` };
  try {
    await bus.ensureTopics([topic]);
    const bytesPerBeat = await publish(bus, topic, options);
    const state = new State();
    try {
      const { beats, unreadable, elapsedMs, cpuMs, decodeMs, stateMs, aroundMs } = await read(bus, topic, options.beats, state);
      const each = (ms: number): number => (ms * 1000) / beats;
      return {
        bench: 'heartbeats',
        conditions: { ...conditions, kafka: servers.kafka.foundBy, nodes: options.nodes, 'interval of a node': `${INTERVAL_MS / 1000} s`, beats: options.beats, 'bytes of a beat': Math.round(bytesPerBeat), partitions: topic.partitionCount },
        results: [
          { case: 'Kafka to state', metric: 'beats', unit: 'beats/s', n: beats, value: (beats * 1000) / elapsedMs },
          { case: 'Kafka to state', metric: 'beats by CPU of the reader', unit: 'beats/CPU s', n: beats, value: (beats * 1000) / cpuMs },
          { case: 'one beat', metric: 'CPU, all threads', unit: 'us', n: beats, value: each(cpuMs) },
          { case: 'one beat', metric: 'of that: decoding', unit: 'us', n: beats, value: each(decodeMs) },
          { case: 'one beat', metric: 'of that: detector, score, rules', unit: 'us', n: beats, value: each(stateMs) },
          { case: 'one beat', metric: 'of that: looking at late members', unit: 'us', n: beats, value: each(aroundMs) },
          { case: 'one beat', metric: 'of that: Kafka client and the rest', unit: 'us', n: beats, value: each(cpuMs - decodeMs - stateMs - aroundMs) },
          { case: 'result', metric: 'members HEALTHY', unit: 'members', n: 1, value: state.healthy() },
          { case: 'result', metric: 'beats that could not be read', unit: 'beats', n: 1, value: unreadable },
          { case: 'reader', metric: 'memory, resident', unit: 'MiB', n: 1, value: memoryOf(process.pid).rssBytes / 2 ** 20 },
        ],
      };
    } finally {
      state.close();
    }
  } finally {
    await bus.close();
    await servers.stop();
  }
}
