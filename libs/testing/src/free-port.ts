/**
 * A TCP port of loopback that nobody listens on, below those that systems give out by themselves: neither a connection nor a server that
 * asked for any port takes it before it is used, or after it was left. On Linux no two processes are given the same while both run.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Ephemeral ports begin at 32768 on Linux and at 49152 elsewhere (RFC 6335, section 6). */
const FIRST = 20_000;
const BEYOND = 32_768;
const ATTEMPTS_MAX = 100;
/** By this process, to nobody twice. */
const given = new Set<number>();

/** `draw`: which one is tried next. */
export async function freePort(draw = () => randomInt(FIRST, BEYOND)): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = draw();
    if ((await claim(port)) && (await isFree(port))) return port;
  }
  throw new Error(`none of ${ATTEMPTS_MAX} ports between ${FIRST} and ${BEYOND - 1} was free on 127.0.0.1`);
}

/** Before it is looked at, so that nobody else listens on it for a moment when whoever was given it does. False when it is somebody's. */
function claim(port: number): Promise<boolean> {
  if (given.has(port)) return Promise.resolve(false);
  given.add(port);
  if (process.platform !== 'linux') return Promise.resolve(true);
  // A name of the abstract namespace: the kernel gives it to one process, and takes it back when that ends.
  return new Promise((resolve) => {
    const name = createServer().unref();
    name.once('error', () => resolve(false));
    name.listen(`\0muster-port-${port}`, () => resolve(true));
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
