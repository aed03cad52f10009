import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { createTerminal } from '../terminal/terminal.js';
import { runWatch } from './read.js';

const member = (status: string): object => ({ nodeId: 'a', status, service: 'node', zone: 'z', reason: 'well', marks: [], healthScore: 97, phiScore: 0, lastHeartbeatTime: new Date().toISOString() });
const snapshot = (status: string): string => `event: snapshot\ndata: ${JSON.stringify({ kind: 'snapshot', status: { cluster: 'm', totalNodes: 1, healthyNodes: 1, hasQuorum: true, leaderId: null, index: 1, term: 1, ageMs: 0, brakes: [], membership: { a: member(status) } } })}\n\n`;

test('members are listed once, and after a lost connection only what changed meanwhile is told', async () => {
  const stop = new AbortController();
  let connections = 0;
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    connections += 1;
    if (connections === 1) response.end(snapshot('HEALTHY'));
    else response.write(snapshot('DOWN'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  let out = '';
  const stdout = {
    write(text: string) {
      out += text;
      if (text.includes('DOWN')) stop.abort();
      return true;
    },
  };
  const context: CliContext = { env: {}, ask: null, cwd: '/', terminal: createTerminal({}, stdout, { write: () => true }), nowUnixMs: () => Date.now(), stopRequested: stop.signal, stopAtOnce: new AbortController().signal };
  try {
    expect(await runWatch(context, { url: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`], data: undefined, json: false })).toBe(EXIT.ok);
    expect(out.match(/^NODE /gm)).toHaveLength(1);
    expect(out).toMatch(/a +HEALTHY → DOWN/);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
