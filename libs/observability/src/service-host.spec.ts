import { hostname } from 'node:os';
import { type HostedConfig, httpUrlOf, nodeIdOf } from './service-host.js';

const config = (host: string, node: HostedConfig['node'] = {}): HostedConfig => ({ http: { host, port: 0 }, node, log: { level: 'info', format: 'json' } });

test.each([
  ['127.0.0.1', undefined, 'http://127.0.0.1:8082'],
  ['localhost', undefined, 'http://127.0.0.1:8082'],
  ['::1', undefined, 'http://[::1]:8082'],
  ['0.0.0.0', undefined, `http://${hostname()}:8082`],
  ['0.0.0.0', '10.1.2.3', 'http://10.1.2.3:8082'],
  ['127.0.0.1', 'fe80::1', 'http://[fe80::1]:8082'],
  ['127.0.0.1', '[fe80::1]', 'http://[fe80::1]:8082'],
])('listening on %s, advertised as %s: others use %s', (host, advertiseHost, url) => expect(httpUrlOf(config(host, { advertiseHost }), 8082)).toBe(url));

test('a node has the name it was given, or one made of service and host name', () => {
  expect(nodeIdOf('producer', config('x', { id: 'p-7' }))).toBe('p-7');
  expect(nodeIdOf('producer', config('x'))).toMatch(/^producer-[A-Za-z0-9._-]+$/);
});
