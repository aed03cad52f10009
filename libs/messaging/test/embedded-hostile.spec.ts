/** Bytes that no client of ours would send, and clients that do not behave. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import type { MessageBus } from '@muster/contracts';
import { until } from '@muster/testing';
import fc from 'fast-check';
import { encodeFrame, type Frame, FrameReader } from '../src/embedded/frames.js';
import { ANSWER, FRAME_BYTES_MAX, NOTICE, PROTOCOL_VERSION, REQUEST } from '../src/embedded/protocol.js';
import { encodeOutgoing } from '../src/embedded/record-codec.js';
import { socketAddress } from '../src/embedded/socket-address.js';
import { createMessageBus, startEmbeddedBroker } from '../src/index.js';
import { type EmbeddedFixture, embeddedFixture } from '../testing/embedded-fixture.js';

const TOPIC = { name: 'open', partitionCount: 2, cleanup: 'delete', retentionMs: 3_600_000 } as const;
const HELLO = encodeFrame(REQUEST.hello, 1, { version: PROTOCOL_VERSION, clientId: 'stranger' });

describe('an embedded broker among strangers', () => {
  let fixture: EmbeddedFixture;
  let bus: MessageBus;

  beforeAll(async () => {
    fixture = await embeddedFixture();
    bus = fixture.connect({ clientId: 'citizen' });
    await bus.ensureTopics([TOPIC]);
  });
  afterAll(async () => {
    await bus.close();
    await fixture.close();
  });

  const open = (at = fixture): Promise<Socket> => new Promise((resolve) => {
    const socket = connectSocket(at.socketPath, () => resolve(socket));
    socket.on('error', () => undefined);
  });
  /** Sends the bytes and waits until the broker cuts the connection. */
  const isCutOff = async (bytes: Uint8Array): Promise<void> => {
    const socket = await open();
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume();
    socket.write(bytes);
    await closed;
  };
  const stillServes = async (): Promise<void> => bus.publish(TOPIC.name, [{ key: 'k', value: new Uint8Array(1) }]);

  const length = (bytes: number): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(bytes);
    return head;
  };
  const hostile: readonly (readonly [string, Uint8Array])[] = [
    ['a frame that claims four gigabytes', length(0xffffffff)],
    ['a frame shorter than its own head', Buffer.concat([length(3), Buffer.alloc(3)])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['facts that are not JSON', Buffer.concat([length(12), Buffer.from([1, 0, 0, 0, 1, 0, 0, 0, 3]), Buffer.from('{{{')])],
    ['facts longer than their frame', Buffer.concat([length(9), Buffer.from([1, 0, 0, 0, 1, 255, 255, 255, 255])])],
    ['facts that are a list', encodeFrame(REQUEST.ping, 1, [])],
    ['a kind that no request has', encodeFrame(77, 1, {})],
    ['facts of the wrong type', Buffer.concat([HELLO, encodeFrame(REQUEST.publish, 2, { topic: 42 })])],
    ['records that end early', Buffer.concat([HELLO, encodeFrame(REQUEST.publish, 2, { topic: TOPIC.name }, Buffer.from([7, 255, 255]))])],
    ['headers that are not JSON', Buffer.concat([HELLO, encodeFrame(REQUEST.publish, 2, { topic: TOPIC.name }, Buffer.from([4, 0, 0, 0, 1, 123]))])],
    ['a topic of no partitions', encodeFrame(REQUEST.ensure, 1, { topics: [{ ...TOPIC, name: 'x', partitionCount: 0 }] })],
    ['a topic of a negative retention', encodeFrame(REQUEST.ensure, 1, { topics: [{ ...TOPIC, name: 'x', retentionMs: -1 }] })],
  ];

  it.each(hostile)('cuts off %s and serves the others', async (_, bytes) => {
    await isCutOff(bytes);
    await stillServes();
  });

  it('survives any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.integer({ min: 1, max: 120 }), async (bytes, kind) => {
        const socket = await open();
        socket.resume();
        socket.write(Buffer.concat([length(bytes.length + 11), Buffer.from([kind % 16, 0, 0, 0, 1, 0, 0, 0, 2]), Buffer.from('{}'), bytes]));
        await new Promise<void>((resolve) => socket.end(bytes, () => resolve()));
        await stillServes();
        socket.destroy();
      }),
      { numRuns: 60 },
    );
  });

  it('answers requests that make no sense with an error and keeps the connection', async () => {
    const socket = await open();
    const answers: Buffer[] = [];
    socket.on('data', (chunk) => answers.push(chunk));
    socket.write(encodeFrame(REQUEST.fetch, 7, { subscription: 9, topic: TOPIC.name, partition: 0, offset: 0, recordsMax: 1, bytesMax: 1 }));
    await until('it answers', () => Buffer.concat(answers).includes('has not joined a group'));
    socket.destroy();
  });

  it('gives the partitions of a silent member to another', async () => {
    // A broker of its own: with such a short session it would cut the others off, too, whenever this machine stands still.
    const impatient = await embeddedFixture({ sessionTimeoutMs: 800 });
    const living = impatient.connect({ clientId: 'living', sessionTimeoutMs: 1000 });
    try {
      await until('the topic is there', () => living.ensureTopics([TOPIC]).then(() => true, () => false));
      const socket = await open(impatient);
      socket.resume();
      socket.write(HELLO);
      socket.write(encodeFrame(REQUEST.join, 2, { subscription: 1, topics: [TOPIC.name], group: 'quiet', startAt: 'earliest' }));
      const reader = await living.subscribe({ topics: [TOPIC.name], group: 'quiet', from: 'earliest', onBatch: () => Promise.resolve() });
      await until('the living member has both partitions', () => reader.assigned().length === 2);
      socket.destroy();
    } finally {
      await living.close();
      await impatient.close();
    }
  });

  /** All that the broker says to one connection that sends these bytes at once. */
  const conversation = async (...requests: readonly Uint8Array[]): Promise<{ socket: Socket; said: Frame[] }> => {
    const socket = await open();
    const [reader, said]: [FrameReader, Frame[]] = [new FrameReader(FRAME_BYTES_MAX), []];
    socket.on('data', (chunk) => said.push(...reader.push(chunk)));
    socket.write(Buffer.concat([HELLO, ...requests]));
    return { socket, said };
  };

  it('hands a partition on where its holder committed last, even when commit and release come together', async () => {
    const at = { subscription: 1, topic: TOPIC.name, partition: 0 };
    const join = encodeFrame(REQUEST.join, 2, { subscription: 1, topics: [TOPIC.name], group: 'hasty', startAt: 'earliest' });
    const { socket, said } = await conversation(join, encodeFrame(REQUEST.commit, 3, { ...at, offset: 5 }), encodeFrame(REQUEST.release, 4, at));
    const grants = (): Frame[] => said.filter(({ kind }) => kind === NOTICE.assigned);
    await until('it is granted anew', () => grants().length === 2);
    expect(grants()[1]?.facts).toMatchObject({ granted: [{ partition: 0, committed: 5 }] });
    socket.destroy();
  });

  it('takes no commit from a member for what another one holds', async () => {
    const join = (subscription: number): Uint8Array => encodeFrame(REQUEST.join, subscription, { subscription, topics: [TOPIC.name], group: 'rivals', startAt: 'earliest' });
    const commits = [0, 1].map((partition) => encodeFrame(REQUEST.commit, 10 + partition, { subscription: 3, topic: TOPIC.name, partition, offset: 1 }));
    // The first holds both and gives none back, so the second may commit nothing yet.
    const { socket, said } = await conversation(join(2), join(3), ...commits);
    const answers = (): Frame[] => said.filter(({ id }) => id >= 10);
    await until('both are answered', () => answers().length === 2);
    for (const { kind, facts } of answers()) expect([kind, facts]).toEqual([ANSWER.error, expect.objectContaining({ code: 'BUS_FAILED', message: expect.stringContaining('to another member') })]);
    socket.destroy();
  });

  it('does not pile up answers for a client that reads none', async () => {
    await bus.publish(TOPIC.name, Array.from({ length: 8 }, () => ({ key: 'k', value: new Uint8Array(500_000) })));
    const socket = await open();
    socket.pause();
    socket.write(HELLO);
    socket.write(encodeFrame(REQUEST.join, 2, { subscription: 1, topics: [TOPIC.name], group: 'greedy', startAt: 'earliest' }));
    for (let id = 3; id < 400; id++) {
      for (const partition of [0, 1]) socket.write(encodeFrame(REQUEST.fetch, id * 2 + partition, { subscription: 1, topic: TOPIC.name, partition, offset: 0, recordsMax: 1000, bytesMax: 4_000_000 }));
    }
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    for (let n = 0; n < 20; n++) await stillServes();
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().external - before).toBeLessThan(300 * 1024 * 1024);
    socket.destroy();
  });

  it('refuses a second broker on the same socket or the same file, with the remedy', async () => {
    await expect(startEmbeddedBroker({ socketPath: fixture.socketPath, dataFile: ':memory:' })).rejects.toThrow(/another broker already listens/);
    await expect(startEmbeddedBroker({ socketPath: `${fixture.socketPath}.2`, dataFile: fixture.dataFile })).rejects.toThrow(/is another broker running on it/);
    await stillServes();
  });

  it('takes a socket path longer than the kernel does, and removes a stale one', async () => {
    const folder = join(`${fixture.socketPath}.d`, 'x'.repeat(120));
    mkdirSync(folder, { recursive: true });
    const socketPath = join(folder, 'bus.sock');
    writeFileSync(socketAddress(socketPath), '');
    const broker = await startEmbeddedBroker({ socketPath, dataFile: ':memory:' });
    const far = createMessageBus(`embedded:${socketPath}`, { clientId: 'far' });
    await far.ensureTopics([TOPIC]);
    await far.close();
    await broker.close();
    expect(existsSync(socketAddress(socketPath))).toBe(false);
  });

  it('refuses a client of another protocol version', async () => {
    const socket = await open();
    const answers: Buffer[] = [];
    socket.on('data', (chunk) => answers.push(chunk));
    socket.write(encodeFrame(REQUEST.hello, 1, { version: 99, clientId: 'future' }));
    await until('it says why', () => Buffer.concat(answers).includes('run both from one build'));
    socket.destroy();
  });

  it('stores what a well-behaved stranger publishes', async () => {
    const socket = await open();
    const answers: Buffer[] = [];
    socket.on('data', (chunk) => answers.push(chunk));
    socket.write(Buffer.concat([HELLO, encodeFrame(REQUEST.publish, 2, { topic: TOPIC.name }, encodeOutgoing([{ key: 'k', value: new Uint8Array(3) }]))]));
    await until('both are answered', () => Buffer.concat(answers).length >= 2 * 15);
    socket.destroy();
  });
});
