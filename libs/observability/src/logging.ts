/**
 * The logger of a process: JSON lines for machines, or one readable line each for a terminal.
 *
 * Writes beside the event loop: a reader of standard output that stops reading (a paused terminal, a full log driver) costs
 * log entries, which are counted, and never the beats of a member that is well.
 */
import { destination, type Logger as PinoLogger, pino } from 'pino';
import { prettyLine } from './pretty-line.js';

export interface LoggingOptions {
  readonly service: string;
  readonly nodeId: string;
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** Called for every entry that is given up because nobody reads. */
  readonly onDrop?: () => void;
  /** Where to write. Default: standard output. */
  readonly fd?: number;
  /** How long the end waits for a slow reader, or a slow disk. Milliseconds, > 0. Default 500. */
  readonly closeMsMax?: number;
}

export interface Logging {
  readonly logger: PinoLogger;
  /** Writes what waits, for a moment at most; entries that come later are lost. */
  readonly close: () => Promise<void>;
}

/** What may wait for a slow reader. Bytes. */
const WAITING_BYTES_MAX = 1024 * 1024;
const CLOSE_MS_MAX = 500;

export function createLogging({ service, nodeId, level, format, onDrop, fd = 1, closeMsMax = CLOSE_MS_MAX }: LoggingOptions): Logging {
  const out = destination({ fd, sync: false, maxLength: WAITING_BYTES_MAX });
  if (onDrop !== undefined) out.on('drop', onDrop);
  let closing: Promise<void> | null = null;
  const write = (line: string): void => {
    if (closing === null) out.write(format === 'json' ? line : prettyLine(line));
  };
  const logger = pino({ level, base: { service, nodeId }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, { write });
  return {
    logger,
    // Whoever asks again waits for the same end: a second fault must not cut off what the first one logged.
    close: () =>
      (closing ??= new Promise((resolve) => {
        const giveUp = setTimeout(() => {
          out.destroy();
          resolve();
        }, closeMsMax);
        out.once('close', () => {
          clearTimeout(giveUp);
          resolve();
        });
        out.end();
      })),
  };
}
