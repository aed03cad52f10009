/** The one error class of the services: a stable code, a sentence, and whether trying again may help. */

export interface AppErrorOptions {
  /** HTTP status that stands for it. 400..599. */
  readonly statusCode: number;
  /** True when the same request may succeed later. Default: true for 429 and 503. */
  readonly retriable?: boolean;
  readonly cause?: unknown;
}

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly statusCode: number;
  readonly retriable: boolean;

  /**
   * @param code Upper snake case, listed in docs/errors.md.
   * @param message What happened, with which value, and what to do.
   */
  constructor(
    readonly code: string,
    message: string,
    { statusCode, retriable = statusCode === 429 || statusCode === 503, cause }: AppErrorOptions,
  ) {
    super(message, { cause });
    this.statusCode = statusCode;
    this.retriable = retriable;
  }
}
