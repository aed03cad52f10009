import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { HttpFront } from './http-front.js';

/** Longer than a test may take: what ends sooner did not wait for it. */
const NEVER_MS = 600_000;

test('the end does not wait for connections without a request, whether they had one or not, as it does for requests under way', async () => {
  const front = new HttpFront(NEVER_MS);
  const port = await front.listen('127.0.0.1', 0);
  const agent = new HttpAgent({ keepAlive: true });
  await new Promise<void>((resolve, reject) => httpRequest({ port, host: '127.0.0.1', agent }, (answer) => answer.resume().on('end', resolve)).on('error', reject).end());
  const silent = connect(port, '127.0.0.1');
  await new Promise((resolve) => silent.once('connect', resolve));
  const cut = new Promise((resolve) => silent.once('close', resolve).on('error', () => undefined));
  await front.close();
  await cut;
  agent.destroy();
});
