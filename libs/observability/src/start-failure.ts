/** Says in one line why a service could not start, and what to do. */

interface SystemError extends Error {
  readonly code: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
}

export function startFailure(error: unknown): string {
  if (isListenError(error)) {
    const where = `${error.address ?? ''}:${error.port ?? ''}`;
    switch (error.code) {
      case 'EADDRINUSE':
        return `PORT_TAKEN: port ${error.port} is taken by another program; stop it, or set MUSTER_HTTP_PORT to a free port (0 takes any)`;
      case 'EACCES':
        return `PORT_FORBIDDEN: this user may not listen on ${where}; set MUSTER_HTTP_PORT to a port above 1023`;
      default:
        return `HOST_UNUSABLE: cannot listen on ${where} (${error.code}); set MUSTER_HTTP_HOST to an address of this machine, or to 0.0.0.0`;
    }
  }
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && 'retriable' in error ? error.message : (error.stack ?? error.message);
}

const isListenError = (error: unknown): error is SystemError =>
  error instanceof Error && 'code' in error && 'syscall' in error && (error.syscall === 'listen' || error.syscall === 'bind' || error.syscall === 'getaddrinfo');
