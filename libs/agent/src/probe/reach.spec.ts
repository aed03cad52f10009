import type { ProbeTarget } from '@muster/contracts';
import { freePort } from '@muster/testing';
import { probe } from './probe.js';
import { Reach } from './reach.js';

const there = new Reach(['http://coordinator-1:8081', 'tcp://10.0.0.7:4000']);
const here = new Reach(['http://127.0.0.1:8081']);
const target = (probeUrl: string | null, httpUrl: string | null = null): ProbeTarget => ({ nodeId: 'node-1', incarnation: 1, probeUrl, httpUrl });
const allows = (reach: Reach, url: string): boolean => reach.within(target(url)).probeUrl !== null;

test.each(['tcp://10.1.2.3:5', 'tcp://[fd00::1]:5', 'tcp://producer-1:5', 'http://192.168.1.1:80/a', 'tcp://169.253.0.1:5', 'tcp://223.255.0.1:5'])('%s is looked at by everybody', (url) => {
  expect([allows(there, url), allows(here, url)]).toEqual([true, true]);
});

test.each(['tcp://127.0.0.1:5', 'tcp://127.8.8.8:5', 'tcp://[::1]:5', 'tcp://[::ffff:127.0.0.1]:5', 'tcp://localhost:5', 'http://LOCALHOST:5/', 'tcp://2130706433:5', 'http://0x7f.1:5'])(
  '%s means another machine to everybody: only who is reached at loopback himself looks at it',
  (url) => {
    expect([allows(there, url), allows(here, url)]).toEqual([false, true]);
  },
);

test.each(['tcp://169.254.169.254:80', 'http://0.0.0.0:80', 'tcp://[fe80::1]:5', 'tcp://[::]:5', 'tcp://224.0.0.1:5', 'tcp://255.255.255.255:5', 'tcp://[::ffff:169.254.169.254]:80', 'http://2852039166'])('%s is looked at by nobody', (url) => {
  expect([allows(there, url), allows(here, url)]).toEqual([false, false]);
});

test('of two addresses only the one that may not be looked at is left out', () => {
  expect(there.within(target('tcp://127.0.0.1:5', 'http://10.0.0.9:8082'))).toEqual(target(null, 'http://10.0.0.9:8082'));
  expect(there.within(target('tcp://10.0.0.9:5', 'http://169.254.169.254/'))).toEqual(target('tcp://10.0.0.9:5', null));
});

test('a name that stands for a loopback address is not looked at from elsewhere, and is by who shares the name', async () => {
  /** A name that the hosts file gives to loopback, as Debian does with a machine's own. */
  const resolved = (reach: Reach, url: string) =>
    new Promise<string | null>((resolve) => {
      reach.lookupFor(url)('localhost', { family: 4 }, (error, address) => resolve(error === null ? String(address) : null));
    });
  expect(await resolved(there, 'tcp://elsewhere:5')).toBeNull();
  expect(await resolved(there, 'tcp://coordinator-1:5')).toBe('127.0.0.1');
  expect(await resolved(here, 'tcp://elsewhere:5')).toBe('127.0.0.1');
});

test('a member that announces loopback on another machine is silent, not refused: nobody can know', async () => {
  const port = await freePort();
  const gone = target(`tcp://127.0.0.1:${port}`, `http://127.0.0.1:${port}`);
  expect((await probe(gone, 300, here)).result).toBe('refused');
  expect((await probe(gone, 300, there)).result).toBe('silent');
});
