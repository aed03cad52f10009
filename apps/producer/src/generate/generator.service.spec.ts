import { setImmediate as turn } from 'node:timers/promises';
import { Registry } from 'prom-client';
import type { LogPublisher } from '../publish/log-publisher.js';
import { GeneratorService } from './generator.service.js';

const services: GeneratorService[] = [];
afterEach(() => {
  for (const service of services.splice(0)) service.stop();
});

/** A service whose batches stay under way until the test says what became of them. */
async function withUnderway(count: number) {
  const lines: string[] = [];
  const underway: { resolve(): void; reject(error: Error): void }[] = [];
  const publisher = { hasRoomFor: () => true, publish: () => new Promise<void>((resolve, reject) => underway.push({ resolve, reject })) } as unknown as LogPublisher;
  const say = (_: object, message: string) => void lines.push(message);
  const service = new GeneratorService({ publisher, ratePerSecond: 1000, producerId: 'p', metrics: new Registry(), logger: { debug: say, info: say, warn: say, error: say } });
  services.push(service);
  service.start();
  while (underway.length < count) await turn();
  service.stop();
  return { lines, underway };
}

test('an outage is said once at its beginning and once at its end, although what was sent in it fails after that', async () => {
  const { lines, underway } = await withUnderway(5);
  const [first, second, third, fourth, fifth] = underway;
  first?.reject(new Error('away'));
  second?.reject(new Error('away'));
  await turn();
  fourth?.resolve();
  await turn();
  third?.reject(new Error('it took too long'));
  await turn();
  expect(lines).toEqual(['the bus does not take records; those made meanwhile are lost and counted', 'the bus takes records again']);
  fifth?.reject(new Error('away'));
  await turn();
  expect(lines).toHaveLength(3);
});
