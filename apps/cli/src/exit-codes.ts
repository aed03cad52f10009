/** What the exit codes of `muster` mean; scripts depend on them, so a number never changes its meaning. */
export const EXIT = {
  ok: 0,
  /** It was tried and did not work; the message says why. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** There is no cluster here, or nothing answers. */
  noCluster: 3,
  /** The cluster answers and is not well: no quorum, nobody HEALTHY, or a member DEGRADED, SUSPECT or DOWN. */
  unhealthy: 4,
  /** A local cluster runs here already. */
  alreadyRunning: 5,
  /** Stopped at once by a second Ctrl-C. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A refusal that a person can act on: printed without a stack, ends with its exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The sentence of whatever was thrown. An error that stands for several (both addresses of `localhost`) says nothing itself. */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.map(messageOf).join('; ');
  return 'message' in error ? String(error.message) : JSON.stringify(error);
}
