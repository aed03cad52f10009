/** Runs the command line as a user would, and hands back what it did. */
import type { CliContext } from '../src/context.js';
import { createProgram } from '../src/program.js';
import { createTerminal, type OutputStream } from '../src/terminal/terminal.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly cwd: string;
  readonly env?: CliContext['env'];
  /** Somebody who answers questions. */
  readonly ask?: CliContext['ask'];
}

export async function runMuster({ cwd, env = {}, ask = null }: Surroundings, ...args: string[]): Promise<Ran> {
  const written = { out: '', err: '' };
  const stream = (key: 'out' | 'err'): OutputStream => ({
    write(text) {
      written[key] += text;
      return true;
    },
  });
  const never = new AbortController().signal;
  const code = await createProgram({ env, ask, cwd, terminal: createTerminal(env, stream('out'), stream('err')), nowUnixMs: () => Date.now(), stopRequested: never, stopAtOnce: never })(args);
  return { code, ...written };
}
