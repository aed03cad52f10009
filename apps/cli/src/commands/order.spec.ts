import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CliContext } from '../context.js';
import { createTerminal } from '../terminal/terminal.js';
import { runOrder } from './order.js';

/** Who a coordinator is told gave an order, by the environment of the command. */
async function giver(env: Readonly<Record<string, string>>): Promise<unknown> {
  let body = '';
  const server = createServer((request, response) => {
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => response.end(JSON.stringify({ changed: true, index: 1, term: 1, member: { marks: ['draining'] } })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const sink = { write: () => true };
    const context: CliContext = { env, ask: null, cwd: '/', terminal: createTerminal({}, sink, sink), nowUnixMs: () => 0, stopRequested: new AbortController().signal, stopAtOnce: new AbortController().signal };
    await runOrder(context, { order: 'drain', node: 'a', reason: '', yes: false, url: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`], data: undefined, json: false });
    return (JSON.parse(body) as { by: unknown }).by;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

test.each([
  ['USER first', { USER: 'ada', LOGNAME: 'bob' }, 'ada'],
  ['LOGNAME where there is no USER', { LOGNAME: 'bob' }, 'bob'],
  ['nobody where neither is set', {}, ''],
  ['no more than a coordinator takes', { USER: 'x'.repeat(200) }, 'x'.repeat(128)],
])('an order is given in the name of %s', async (_, env, by) => expect(await giver(env as Record<string, string>)).toBe(by));
