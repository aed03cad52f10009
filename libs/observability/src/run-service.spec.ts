import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpSection, sections } from '@muster/config';
import { Module } from '@nestjs/common';
import { z } from 'zod';
import { type ProcessPort, runService } from './run-service.js';
import type { ServiceHost } from './service-host.js';

const schema = z.strictObject({ node: sections.node, log: sections.log, http: httpSection(0) });

/** Longer than a test may take, so that no slow start counts as one that hangs. */
const START_GRACE_MS = 600_000;

@Module({})
class EmptyModule {}

/** A process whose end can be watched. */
class WatchedProcess implements ProcessPort {
  readonly lines: string[] = [];
  private readonly listeners = new Map<string, (error: Error) => void>();
  private ended: (code: number) => void = () => undefined;
  readonly exited = new Promise<number>((resolve) => {
    this.ended = resolve;
  });

  on(event: string, listener: (error: Error) => void): void {
    this.listeners.set(event, listener);
  }

  exit(code: number): void {
    this.ended(code);
  }

  say(line: string): void {
    this.lines.push(line);
  }

  raise(event: string, error = new Error(event)): void {
    this.listeners.get(event)?.(error);
  }
}

async function run(env: Record<string, string> = {}, build: (host: ServiceHost) => unknown = () => undefined, startGraceMs = START_GRACE_MS) {
  const at = new WatchedProcess();
  const running = runService(
    {
      env: { MUSTER_HTTP_HOST: '127.0.0.1', MUSTER_LOG_LEVEL: 'silent', ...env },
      service: 'probe',
      schema,
      build: async (_, host) => {
        await build(host);
        return EmptyModule;
      },
    },
    at,
    startGraceMs,
  );
  return { at, running };
}

test.each(['SIGTERM', 'SIGINT'])('%s ends the service in order, with 0', async (signal) => {
  const { at, running } = await run();
  await running;
  at.raise(signal);
  await expect(at.exited).resolves.toBe(0);
  expect(at.lines).toEqual([]);
});

test('a signal during the start waits for it', async () => {
  const gate = Promise.withResolvers<void>();
  const { at, running } = await run({}, () => gate.promise);
  at.raise('SIGTERM');
  gate.resolve();
  await running;
  await expect(at.exited).resolves.toBe(0);
});

test('a start that does not come to an end is waited for no longer than the grace', async () => {
  const gate = Promise.withResolvers<void>();
  const { at, running } = await run({}, () => gate.promise, 1);
  at.raise('SIGTERM');
  await expect(at.exited).resolves.toBe(1);
  expect(at.lines).toEqual(['SIGTERM during the start, which has not come to an end: ending at once']);
  gate.resolve();
  await running;
});

test('a second signal ends at once', async () => {
  const { at, running } = await run();
  await running;
  at.raise('SIGTERM');
  at.raise('SIGINT');
  await expect(at.exited).resolves.toBe(1);
  expect(at.lines).toEqual(['second SIGINT: ending at once']);
});

test('a wrong configuration: one line per problem, 78', async () => {
  const { at, running } = await run({ MUSTER_HTTP_PORT: 'http', MUSTER_NODE_ZONES: 'a' });
  await running;
  await expect(at.exited).resolves.toBe(78);
  expect(at.lines).toEqual([
    'CONFIG_INVALID: MUSTER_NODE_ZONES is "a": no setting has this name (did you mean "MUSTER_NODE_ZONE"?)',
    'CONFIG_INVALID: http.port (MUSTER_HTTP_PORT) is "http" from MUSTER_HTTP_PORT: must be a number (allowed: 0 to 65535)',
  ]);
});

test('a port that is taken: one line, 1', async () => {
  const other: Server = await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
  });
  const { port } = other.address() as AddressInfo;
  const { at, running } = await run({ MUSTER_HTTP_PORT: String(port) });
  await running;
  await expect(at.exited).resolves.toBe(1);
  expect(at.lines).toEqual([`probe: PORT_TAKEN: port ${port} is taken by another program; stop it, or set MUSTER_HTTP_PORT to a free port (0 takes any)`]);
  other.close();
});

test('an error that nobody caught: 1', async () => {
  const { at, running } = await run();
  await running;
  at.raise('uncaughtException', new Error('lost promise'));
  await expect(at.exited).resolves.toBe(1);
  at.raise('SIGTERM');
});

test('an error in the build is told with its stack, 1', async () => {
  const { at, running } = await run({}, () => {
    throw new TypeError('no such module');
  });
  await running;
  await expect(at.exited).resolves.toBe(1);
  expect(at.lines[0]).toMatch(/^probe: TypeError: no such module\n +at /);
});
