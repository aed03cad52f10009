import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@muster/testing';
import { takenPorts } from './ports.js';
import type { ProcessSpec } from './process-spec.js';

const spec = (name: string, ...ports: number[]): ProcessSpec => ({ name, role: 'node', nodeId: name, httpUrl: null, ports, args: [], env: {}, readiness: { kind: 'socket', path: '' }, startsAfter: [], stopStage: 0 });

/** What `takenPorts` says while a server that answers so holds the port of "wanted". */
async function taken(answer: string): Promise<unknown> {
  const server = createServer((_request, response) => response.end(answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return (await takenPorts([spec('bus'), spec('free', 0), spec('wanted', port)])).map(({ port: seen, ...rest }) => ({ ...rest, isPort: seen === port }));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a taken port is named with who wanted it; a free one and none at all are not', async () => {
  expect(await taken('hello')).toEqual([{ wantedBy: 'wanted', heldByNodeId: null, isPort: true }]);
});

test('a member of another cluster is told from a stranger', async () => {
  // Whoever is slow to answer is a stranger: on a busy machine it is asked again.
  const seen = await eventually('it is told', () => taken('{"status":"ok","nodeId":"producer-1"}'), (holders) => JSON.stringify(holders).includes('producer-1'));
  expect(seen).toMatchObject([{ heldByNodeId: 'producer-1' }]);
  expect(await taken('{"nodeId":7}')).toMatchObject([{ heldByNodeId: null }]);
});
