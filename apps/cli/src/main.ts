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
  nowUnixMs: () => Date.now(),
  get stopRequested() {
    return signals.stopRequested;
  },
  get stopAtOnce() {
    return signals.stopAtOnce;
  },
});
process.exitCode = await program(process.argv.slice(2));
