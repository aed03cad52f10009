/** The logger of a process: JSON lines for machines, or one readable line each for a terminal. */
import { destination, type Logger as PinoLogger, pino } from 'pino';
import { prettyLine } from './pretty-line.js';

export interface LoggingOptions {
  readonly service: string;
  readonly nodeId: string;
  readonly level: string;
  readonly format: 'json' | 'pretty';
}

export function createLogger({ service, nodeId, level, format }: LoggingOptions): PinoLogger {
  const options = { level, base: { service, nodeId }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label: string) => ({ level: label }) } };
  if (format === 'json') return pino(options);
  const out = destination({ fd: 1, sync: true });
  return pino(options, { write: (line: string) => void out.write(prettyLine(line)) });
}
