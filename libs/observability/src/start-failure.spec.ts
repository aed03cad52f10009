import { BusError } from '@muster/contracts';
import { listenFailure, startFailure } from './start-failure.js';

test.each([
  ['EADDRINUSE', 'PORT_TAKEN: port 81 is taken by another program; stop it, or set MUSTER_HTTP_PORT to a free port (0 takes any)'],
  ['EACCES', 'PORT_FORBIDDEN: this user may not listen on port 81; set MUSTER_HTTP_PORT to a port above 1023'],
  ['EADDRNOTAVAIL', 'HOST_UNUSABLE: cannot listen on h, port 81 (EADDRNOTAVAIL); set MUSTER_HTTP_HOST to an address of this machine, or to 0.0.0.0'],
  ['ENOTFOUND', 'HOST_UNUSABLE: cannot listen on h, port 81 (ENOTFOUND); set MUSTER_HTTP_HOST to an address of this machine, or to 0.0.0.0'],
])('%s says what to do', (code, line) => expect(startFailure(listenFailure(Object.assign(new Error('x'), { code }), { host: 'h', port: 81 }))).toBe(line));

test('a fault with a code is one line, one without keeps its stack', () => {
  expect(startFailure(new BusError('BUS_TOPIC_SHAPE', false, 'logs.records has 3 partitions, 12 are needed'))).toBe('BUS_TOPIC_SHAPE: logs.records has 3 partitions, 12 are needed');
  expect(startFailure(new TypeError('x is not a function'))).toContain('start-failure.spec');
});
