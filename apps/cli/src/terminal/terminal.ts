/**
 * Where a command writes, and what the place can show. Colour follows NO_COLOR and FORCE_COLOR, then whether it is a
 * terminal; nothing else in the program asks.
 */
import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

/** The part of a Node stream that is used here. */
export interface OutputStream {
  write(text: string): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Terminal {
  /** One line to stdout. */
  print(line?: string): void;
  /** One line to stderr. */
  complain(line: string): void;
  /** A line that the next `print` or `progress` replaces; shown on a terminal only. */
  progress(line: string): void;
  readonly colours: Colours;
  /** Width to fit into. Count, null where lines may be as long as they like. */
  readonly columns: number | null;
}

const ERASE_LINE = '\r\u001b[K';
const COLUMNS_MIN = 60;

export function isColourWanted(env: Readonly<Record<string, string | undefined>>, isTty: boolean): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0' && env['FORCE_COLOR'] !== 'false';
  return isTty && env['TERM'] !== 'dumb';
}

export function createTerminal(env: Readonly<Record<string, string | undefined>>, stdout: OutputStream, stderr: OutputStream): Terminal {
  const isTty = stdout.isTTY === true;
  const isLive = isTty && env['TERM'] !== 'dumb';
  let isProgressShown = false;
  const clear = (): void => {
    if (isProgressShown) stdout.write(ERASE_LINE);
    isProgressShown = false;
  };
  return {
    print(line = '') {
      clear();
      stdout.write(`${line}\n`);
    },
    complain(line) {
      clear();
      stderr.write(`${line}\n`);
    },
    progress(line) {
      if (!isLive) return;
      stdout.write(`${ERASE_LINE}${line}`);
      isProgressShown = true;
    },
    colours: pc.createColors(isColourWanted(env, isTty)),
    get columns() {
      return isTty ? Math.max(COLUMNS_MIN, stdout.columns ?? 80) : null;
    },
  };
}
