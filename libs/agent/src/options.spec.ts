import { coordinatorUrl, probeHostsOf } from './options.js';

test.each([
  { name: 'the host of httpUrl', probe: undefined, httpUrl: 'http://10.0.0.7:9000', expected: { host: '10.0.0.7', advertiseHost: '10.0.0.7' } },
  { name: 'in a container: everywhere, under the advertised name', probe: { host: '0.0.0.0' }, httpUrl: 'http://producer-1:9000', expected: { host: '0.0.0.0', advertiseHost: 'producer-1' } },
  { name: 'what is given', probe: { host: '::', advertiseHost: 'far' }, httpUrl: 'http://producer-1:9000', expected: { host: '::', advertiseHost: 'far' } },
  { name: 'an IPv6 address without its brackets', probe: undefined, httpUrl: 'http://[::1]:9000', expected: { host: '::1', advertiseHost: '::1' } },
  { name: 'without HTTP, where it is told to', probe: { host: '127.0.0.1' }, httpUrl: null, expected: { host: '127.0.0.1', advertiseHost: '127.0.0.1' } },
  { name: 'without HTTP, nowhere', probe: undefined, httpUrl: null, expected: null },
  { name: 'nowhere when it is turned off', probe: false as const, httpUrl: 'http://10.0.0.7:9000', expected: null },
])('the probe port listens at $name', ({ probe, httpUrl, expected }) => {
  expect(probeHostsOf(probe, httpUrl)).toEqual(expected);
});

test('paths of coordinators behind a prefix are kept', () => {
  expect(['http://a:8081', 'http://a/muster/', 'https://a/x'].map(coordinatorUrl)).toEqual(['http://a:8081/', 'http://a/muster/', 'https://a/x/']);
});
