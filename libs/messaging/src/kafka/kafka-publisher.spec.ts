/** How topics share a publisher, on a link whose producers do as they are told; the real ones are held to the bus contract. */
import { failureOf } from '@muster/testing';
import { busMetrics } from '../shared/bus-metrics.js';
import { busSettings } from '../shared/options.js';
import type { KafkaLink } from './kafka-link.js';
import { KafkaPublisher } from './kafka-publisher.js';

/** Long enough for a good request to end in time while the machine stands still for a second or two. */
const REQUEST_MS_MAX = 5000;

type Send = (topic: string, until: Promise<never>) => Promise<void>;

interface FakeLink {
  readonly link: KafkaLink;
  /** Clients made so far. */
  readonly made: () => number;
  readonly retired: () => number;
}

/** Every client has one producer, and its requests end when it is retired. */
function fakeLink(send: Send): FakeLink {
  let [made, retired] = [0, 0];
  const client = (): Promise<object> => {
    made++;
    const { promise: cut, reject } = Promise.withResolvers<never>();
    cut.catch(() => undefined);
    const producer = { connect: () => Promise.resolve(), disconnect: () => Promise.resolve(), send: ({ topic }: { topic: string }) => send(topic, cut) };
    const retire = (): void => {
      retired++;
      reject(new Error('this client was retired'));
    };
    return Promise.resolve({ kafka: { producer: () => producer }, retire });
  };
  const link = {
    settings: busSettings({ clientId: 'test', requestTimeoutMs: REQUEST_MS_MAX, lingerMs: 0 }),
    client,
    library: () => Promise.resolve({ Partitioners: {} }),
    untilDecided: () => Promise.resolve(),
    withAdmin: () => Promise.resolve({ topics: [{ partitions: [{}] }] }),
    suspect: () => undefined,
    downError: () => new Error('down'),
  };
  return { link: link as unknown as KafkaLink, made: () => made, retired: () => retired };
}

const record = [{ key: 'k', value: Buffer.from('x') }];
const publisherOn = (link: KafkaLink): KafkaPublisher => new KafkaPublisher(link, busMetrics(undefined));

const GOOD_ANSWER_MS = 20;

test('a topic whose broker hangs is cut off alone: requests to another topic that are under way end well', async () => {
  const answer = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, GOOD_ANSWER_MS));
  const { link, retired } = fakeLink((topic, cut) => Promise.race([cut, topic === 'good' ? answer() : new Promise<void>(() => undefined)]));
  const publisher = publisherOn(link);
  const stuck = failureOf(publisher.publish('stuck', record));
  // One request to the other topic is under way at every moment, also when the stuck one is given up.
  do await publisher.publish('good', record);
  while (retired() === 0);
  expect(await stuck).toMatchObject({ code: 'BUS_TIMEOUT', message: expect.stringContaining('may or may not have been stored') });
});

test('after a failure the topic gets a new producer, and the others keep theirs', async () => {
  let isBroken = true;
  const { link, made, retired } = fakeLink((topic) => (topic === 'bad' && isBroken ? Promise.reject(new Error('no')) : Promise.resolve()));
  const publisher = publisherOn(link);
  await publisher.publish('good', record);
  await failureOf(publisher.publish('bad', record));
  expect([made(), retired()]).toEqual([2, 1]);
  isBroken = false;
  await publisher.publish('bad', record);
  await publisher.publish('good', record);
  expect(made()).toBe(3);
  await publisher.close();
  expect(retired()).toBe(3);
});
