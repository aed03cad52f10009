/** Lets Nest write through the logger of the process; what Nest calls a log is a debug entry here. */
import type { Logger } from '@muster/contracts';
import type { LoggerService } from '@nestjs/common';

export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.logger.debug(factsOf(rest), textOf(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    const facts = message instanceof Error ? { err: message, ...factsOf(rest) } : factsOf(rest);
    this.logger.error(facts, textOf(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn(factsOf(rest), textOf(message));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.debug(factsOf(rest), textOf(message));
  }
}

/** Nest gives the context last, and a stack before it for errors. */
function factsOf(rest: readonly unknown[]): object {
  const context = rest.at(-1);
  const stack = rest.length > 1 ? rest[0] : undefined;
  return { ...(typeof context === 'string' ? { context } : {}), ...(typeof stack === 'string' ? { stack } : {}) };
}

const textOf = (message: unknown): string => (typeof message === 'string' ? message : message instanceof Error ? message.message : JSON.stringify(message));
