/**
 * A TCP port of loopback that nobody listens on, below those that systems give out by themselves: neither a connection nor a server that
 * asked for any port takes it before it is used, or after it was left. No two processes of this machine are given the same, as long as both run.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Ephemeral ports begin at 32768 on Linux and at 49152 elsewhere (RFC 6335, section 6). */
const FIRST = 20_000;
const BEYOND = 32_768;
const ATTEMPTS_MAX = 100;

/** `draw`: which one is tried next. */
export async function freePort(draw = () => randomInt(FIRST, BEYOND)): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = draw();
    if ((await isFree(port)) && (await isClaimed(port))) return port;
  }
  throw new Error(`none of ${ATTEMPTS_MAX} ports between ${FIRST} and ${BEYOND - 1} was free on 127.0.0.1`);
}

/** A name that the kernel gives to one process, and takes back when that ends: in the abstract namespace, which only Linux has. */
function isClaimed(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(true);
  return new Promise((resolve) => {
    const claim = createServer().unref();
    claim.once('error', () => resolve(false));
    claim.listen(`\0muster-port-${port}`, () => resolve(true));
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
