/**
 * A TCP port of loopback that nobody listens on, below those that systems give out by themselves: neither a connection nor a server that
 * asked for any port takes it before it is used, or after it was left.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Ephemeral ports begin at 32768 on Linux and at 49152 elsewhere (RFC 6335, section 6). */
const FIRST = 20_000;
const BEYOND = 32_768;
const ATTEMPTS_MAX = 100;

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = randomInt(FIRST, BEYOND);
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${ATTEMPTS_MAX} ports between ${FIRST} and ${BEYOND - 1} was free on 127.0.0.1`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
