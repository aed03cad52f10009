/** Says in one line why a service could not start, and what to do. */
import { AppError } from './app-error.js';

/** An address that cannot be listened on, as an error that names the remedy. */
export function listenFailure(cause: unknown, { host, port }: { host: string; port: number }): AppError {
  const code = (cause as { code?: string }).code ?? 'unknown';
  const fault = (name: string, message: string): AppError => new AppError(name, message, { statusCode: 500, cause });
  switch (code) {
    case 'EADDRINUSE':
      return fault('PORT_TAKEN', `port ${port} is taken by another program; stop it, or set MUSTER_HTTP_PORT to a free port (0 takes any)`);
    case 'EACCES':
      return fault('PORT_FORBIDDEN', `this user may not listen on port ${port}; set MUSTER_HTTP_PORT to a port above 1023`);
    default:
      return fault('HOST_UNUSABLE', `cannot listen on ${host}, port ${port} (${code}); set MUSTER_HTTP_HOST to an address of this machine, or to 0.0.0.0`);
  }
}

/** Errors with a code were written for people; of others the stack is worth more than the sentence. */
export function startFailure(error: unknown): string {
  if (error instanceof AppError) return `${error.code}: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  return 'retriable' in error ? error.message : (error.stack ?? error.message);
}
