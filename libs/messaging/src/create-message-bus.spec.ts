import { Registry } from 'prom-client';
import { createMessageBus, parseBusUrl } from './create-message-bus.js';

describe('the url of a bus', () => {
  const good: readonly (readonly [string, unknown])[] = [
    ['embedded:/run/muster/bus.sock', { kind: 'embedded', socketPath: '/run/muster/bus.sock' }],
    ['kafka://kafka:9092', { kind: 'kafka', brokers: ['kafka:9092'] }],
    ['kafka://a.example:9092,10.0.0.2:9093,[::1]:9094', { kind: 'kafka', brokers: ['a.example:9092', '10.0.0.2:9093', '[::1]:9094'] }],
  ];
  it.each(good)('%s is understood', (url, expected) => expect(parseBusUrl(url)).toEqual(expected));

  it.each(['', 'kafka://', 'kafka://host', 'kafka://host:9092,', 'kafka://host:x', 'amqp://host:1', 'kafka://a b:1', 'embedded:'])('%s is refused with what would be right', (url) => {
    expect(() => parseBusUrl(url)).toThrow(/embedded:\/path\/to\/bus\.sock/);
  });

  it('must name the socket by an absolute path', () => {
    expect(() => parseBusUrl('embedded:bus.sock')).toThrow('absolute path');
  });
});

describe('a bus that was just made', () => {
  it('is connecting, shows its metrics, and closes although nobody ever answered', async () => {
    const metrics = new Registry();
    const bus = createMessageBus('embedded:/nonexistent/folder/bus.sock', { clientId: 'x', metrics });
    expect(bus.status().state).toBe('connecting');
    expect(await metrics.metrics()).toContain('messaging_bus_up 0');
    await bus.close();
    expect(bus.status().state).toBe('down');
  });

  it('refuses limits that make no sense, by name', () => {
    expect(() => createMessageBus('embedded:/x/y', { clientId: 'x', queueRecordsMax: 0 })).toThrow('queueRecordsMax is 0, it must be a number of at least 1');
    expect(() => createMessageBus('kafka://h:1', { clientId: 'x', lingerMs: Number.NaN })).toThrow('lingerMs');
  });
});
