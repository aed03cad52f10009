/** `muster bus`: the embedded bus as a process of its own, so that it can be killed like any other part. */
import { startEmbeddedBroker } from '@muster/messaging';
import type { CliContext } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

export interface BusOptions {
  readonly socket: string;
  readonly file: string;
}

export async function runBus(context: CliContext, options: BusOptions): Promise<ExitCode> {
  const { stopRequested } = context;
  const broker = await startEmbeddedBroker({ socketPath: options.socket, dataFile: options.file });
  context.terminal.print(`the embedded bus listens on ${options.socket} and keeps its records in ${options.file}`);
  if (!stopRequested.aborted) await new Promise<void>((resolve) => stopRequested.addEventListener('abort', () => resolve(), { once: true }));
  await broker.close();
  return EXIT.ok;
}
