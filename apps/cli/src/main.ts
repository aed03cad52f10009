/** The `muster` command line: declares the commands; each is loaded only when it is the one that was asked for. */
import { createProgram } from './program.js';
import { StopSignals } from './signals.js';
import { createTerminal } from './terminal/terminal.js';

const signals = new StopSignals();
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => {
    if (!signals.readerIsGone()) process.exit(0);
  });
}

const program = createProgram({
  env: process.env,
  cwd: process.cwd(),
  terminal: createTerminal(process.env, process.stdout, process.stderr),
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : null,
  nowUnixMs: () => Date.now(),
  get stopRequested() {
    return signals.stopRequested;
  },
  get stopAtOnce() {
    return signals.stopAtOnce;
  },
});
process.exitCode = await program(process.argv.slice(2));

/** On stderr: what is printed to stdout may go into a file. No answer, at the end of the input, is an empty one. */
async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    return await Promise.race([lines.question(question), ended]);
  } finally {
    lines.close();
  }
}
