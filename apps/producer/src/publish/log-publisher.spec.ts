import type { LogRecord } from '@muster/contracts';
import { Registry } from 'prom-client';
import { LogPublisher } from './log-publisher.js';

const record: LogRecord = { v: 1, id: 'a0000000-0000-4000-8000-000000000001', timeUnixMs: 0, level: 'info', service: 's', source: 's', producerId: 'p', message: 'm', attributes: {} };

test('above the limit on records under way a call is refused at once, and counted; below it is taken again', async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const operations: boolean[] = [];
  const publisher = new LogPublisher({ bus: { publish: () => answered }, inFlightMax: 3, operation: (ok) => operations.push(ok), metrics: new Registry() });
  const first = publisher.publish([record, record], 'http');
  expect([publisher.hasRoomFor(1), publisher.hasRoomFor(2)]).toEqual([true, false]);
  await expect(publisher.publish([record, record], 'http')).rejects.toMatchObject({ code: 'BUS_BACKPRESSURE', retriable: true, message: expect.stringContaining('2 records wait for the bus, 2 more would exceed producer.inFlightMax (3)') });
  expect([publisher.pending(), publisher.totals()]).toEqual([2, { produced: 4, acknowledged: 0, failed: 2 }]);
  answer();
  await first;
  await publisher.publish([record, record], 'http');
  expect([publisher.pending(), publisher.totals()]).toEqual([0, { produced: 6, acknowledged: 4, failed: 2 }]);
  expect(operations).toEqual([false, true, true]);
});
