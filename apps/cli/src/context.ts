/** What every command is given: the only door to the process it runs in. */
import type { Terminal } from './terminal/terminal.js';

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly terminal: Terminal;
  /** Puts a question to whoever sits there and gives the line of the answer; null where nobody can be asked. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Wall clock. Milliseconds since 1970. */
  nowUnixMs(): number;
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP, or when nobody reads our output any more. */
  readonly stopRequested: AbortSignal;
  /** Aborted by a second SIGINT or SIGTERM. */
  readonly stopAtOnce: AbortSignal;
}
