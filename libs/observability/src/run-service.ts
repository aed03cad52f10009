/**
 * The whole `main.ts` of a service: starts it, ends it on a signal, and says in one line why it cannot start.
 *
 * Exit codes: 0 after SIGTERM or SIGINT, 78 for a wrong configuration, 1 for everything else (port taken, uncaught error,
 * shutdown that took too long, second signal).
 */
import { ConfigError } from '@muster/config';
import type { HostedConfig } from './service-host.js';
import { type RunningService, type ServiceDefinition, startService } from './start-service.js';
import { startFailure } from './start-failure.js';

/** After this long a shutdown has failed. Milliseconds. */
const SHUTDOWN_MS_MAX = 10_000;
/** How long an end waits for a start that is under way. Milliseconds. */
const START_GRACE_MS = 3_000;
/** `EX_CONFIG` of sysexits.h. */
const EXIT_CONFIG = 78;

export async function runService<C extends HostedConfig>(definition: ServiceDefinition<C>): Promise<void> {
  const starting = startService(definition);
  let running: RunningService | null = null;
  endOnSignals(starting);
  process.on('uncaughtException', (error) => {
    if (running === null) say(`${definition.service}: ${error.stack ?? error.message}`);
    else running.logger.fatal({ err: error }, 'an error that nobody caught: this process ends, so that a sound one takes its place');
    process.exit(1);
  });
  try {
    running = await starting;
    await running.subscribed;
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) say(`${error.code}: ${problem}`);
      process.exit(EXIT_CONFIG);
    }
    if (running === null) say(`${definition.service}: ${startFailure(error)}`);
    else running.logger.fatal({ err: error }, 'the message handlers could not be started');
    process.exit(1);
  }
}

/** A signal that comes during the start waits for it, so that what has begun is ended in order. */
function endOnSignals(starting: Promise<RunningService>): void {
  let isEnding = false;
  const end = (signal: NodeJS.Signals): void => {
    if (isEnding) {
      say(`second ${signal}: ending at once`);
      process.exit(1);
    }
    isEnding = true;
    setTimeout(() => {
      say(`shutdown took more than ${SHUTDOWN_MS_MAX} ms: ending at once`);
      process.exit(1);
    }, SHUTDOWN_MS_MAX).unref();
    void close(starting, signal);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

async function close(starting: Promise<RunningService>, signal: string): Promise<void> {
  const startIsLate = setTimeout(() => {
    say(`${signal} during the start, which has not come to an end: ending at once`);
    process.exit(1);
  }, START_GRACE_MS);
  const running = await starting.catch(() => null);
  clearTimeout(startIsLate);
  // A start that failed says so itself and ends the process.
  if (running === null) return;
  try {
    await running.close();
    running.logger.info({ signal }, 'ended');
    process.exit(0);
  } catch (error) {
    running.logger.fatal({ err: error }, 'the shutdown failed');
    process.exit(1);
  }
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
