import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { leftovers, untilGone } from './leftovers.js';
import { startTokenOf } from './process-identity.js';
import type { ClusterState } from './state-file.js';

const stateOf = (pid: number, startToken: string): ClusterState => ({
  version: 1,
  up: { pid: 1, startToken: '', startedAtUnixMs: 0 },
  controlSocket: '',
  urls: [],
  processes: [{ name: 'a', role: 'node', nodeId: 'a', pid, httpUrl: null, state: 'running', startToken }],
});

/** A child whose script may wait for `tell`. */
async function child(script: string): Promise<{ pid: number; startToken: string; ended: Promise<unknown>; tell: () => void }> {
  const started = spawn(process.execPath, ['-e', `console.log('up'); ${script}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(started, 'exit');
  await once(started.stdout, 'data');
  const pid = started.pid ?? 0;
  return { pid, startToken: startTokenOf(pid) ?? '', ended, tell: () => void started.stdin.write('now') };
}

test('what does not stop by itself is killed, and counted', async () => {
  const { pid, startToken, ended } = await child('setInterval(() => {}, 1000)');
  expect(leftovers(stateOf(pid, startToken))).toEqual([{ pid, startToken }]);
  expect(await untilGone(stateOf(pid, startToken), 50)).toBe(1);
  expect(await ended).toEqual([null, 'SIGKILL']);
});

test('what stops by itself is waited for and not killed', async () => {
  const { pid, startToken, ended, tell } = await child('process.stdin.once("data", () => setTimeout(() => process.exit(0), 200))');
  tell();
  expect(await untilGone(stateOf(pid, startToken))).toBe(0);
  expect(await ended).toEqual([0, null]);
});

test('a stranger that has the pid by now is left alone', async () => {
  const { pid, startToken, ended } = await child('setInterval(() => {}, 1000)');
  expect(await untilGone(stateOf(pid, 'when another process had this pid'), 50)).toBe(0);
  expect(startTokenOf(pid)).toBe(startToken);
  process.kill(pid, 'SIGKILL');
  await ended;
});
