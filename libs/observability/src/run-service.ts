/**
 * The whole `main.ts` of a service: starts it, ends it on a signal, and says in one line why it cannot start.
 *
 * Exit codes: 0 after SIGTERM or SIGINT, 78 for a wrong configuration, 1 for everything else (port taken, uncaught error,
 * shutdown that took too long, second signal).
 */
import { ConfigError } from '@muster/config';
import type { HostedConfig } from './service-host.js';
import { startFailure } from './start-failure.js';
import { type RunningService, type ServiceDefinition, startService } from './start-service.js';

/** What is used of the process; tests give their own. */
export interface ProcessPort {
  on(event: 'SIGTERM' | 'SIGINT', listener: () => void): void;
  on(event: 'uncaughtException', listener: (error: Error) => void): void;
  /** Ends the process; what follows a call is not reached. */
  exit(code: number): void;
  /** Writes one line to standard error. */
  say(line: string): void;
}

/** After this long a shutdown has failed. Milliseconds. */
const SHUTDOWN_MS_MAX = 10_000;
const START_GRACE_MS = 3_000;
/** `EX_CONFIG` of sysexits.h. */
const EXIT_CONFIG = 78;

const system: ProcessPort = {
  on: (event: string, listener: (error: Error) => void) => void process.on(event, listener),
  exit: (code) => process.exit(code),
  say: (line) => void process.stderr.write(`${line}\n`),
};

/** `startGraceMs`: how long an end waits for a start that is under way. Milliseconds, > 0. */
export async function runService<C extends HostedConfig>(definition: ServiceDefinition<C>, at: ProcessPort = system, startGraceMs = START_GRACE_MS): Promise<void> {
  const starting = startService(definition);
  let running: RunningService | null = null;
  endOnSignals(starting, at, startGraceMs);
  at.on('uncaughtException', (error) => {
    if (running === null) at.say(`${definition.service}: ${error.stack ?? error.message}`);
    running?.logger.fatal({ err: error }, 'an error that nobody caught: this process ends, so that a sound one takes its place');
    void leave(running, 1, at);
  });
  try {
    running = await starting;
    await running.subscribed;
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) at.say(`${error.code}: ${problem}`);
      return at.exit(EXIT_CONFIG);
    }
    if (running === null) at.say(`${definition.service}: ${startFailure(error)}`);
    running?.logger.fatal({ err: error }, 'the message handlers could not be started');
    await leave(running, 1, at);
  }
}

/** The log is written beside the event loop: it gets a moment to catch up. */
async function leave(running: RunningService | null, code: number, at: ProcessPort): Promise<void> {
  await running?.closeLog();
  at.exit(code);
}

function endOnSignals(starting: Promise<RunningService>, at: ProcessPort, startGraceMs: number): void {
  let isEnding = false;
  const end = (signal: string): void => {
    if (isEnding) {
      at.say(`second ${signal}: ending at once`);
      return at.exit(1);
    }
    isEnding = true;
    const isLate = setTimeout(() => {
      at.say(`shutdown took more than ${SHUTDOWN_MS_MAX} ms: ending at once`);
      at.exit(1);
    }, SHUTDOWN_MS_MAX);
    void close(starting, signal, at, startGraceMs).finally(() => clearTimeout(isLate));
  };
  at.on('SIGTERM', () => end('SIGTERM'));
  at.on('SIGINT', () => end('SIGINT'));
}

/** A signal that comes during the start waits for it, so that what has begun is ended in order. */
async function close(starting: Promise<RunningService>, signal: string, at: ProcessPort, startGraceMs: number): Promise<void> {
  const startIsLate = setTimeout(() => {
    at.say(`${signal} during the start, which has not come to an end: ending at once`);
    at.exit(1);
  }, startGraceMs);
  const running = await starting.catch(() => null);
  clearTimeout(startIsLate);
  // A start that failed says so itself and ends the process.
  if (running === null) return;
  try {
    await running.close();
    running.logger.info({ signal }, 'ended');
    await leave(running, 0, at);
  } catch (error) {
    running.logger.fatal({ err: error }, 'the shutdown failed');
    await leave(running, 1, at);
  }
}
