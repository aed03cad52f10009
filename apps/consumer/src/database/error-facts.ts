/** What an error of the database means for the work at hand; judged by its SQLSTATE, not by its class or words. */

/**
 * `data`: this very record can never be stored. `timeout`: the statement took too long. `away`: everything else, which lies
 * outside the records and may pass: lost connections, a full disk, a missing right.
 */
export type DatabaseFault = 'data' | 'timeout' | 'away';

const QUERY_CANCELED = '57014';

export function faultOf(error: unknown): DatabaseFault {
  const state = sqlState(error);
  if (state === QUERY_CANCELED) return 'timeout';
  // 22: a value that the type cannot hold; 23: a constraint is broken; 54: larger than an index row or a statement may be.
  return state !== null && /^(2[23]|54)/.test(state) ? 'data' : 'away';
}

export function sqlState(error: unknown): string | null {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

export function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  // A refused connection to a name with several addresses has its reasons inside and no message of its own.
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) return reasonOf(error.errors[0]);
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return [message, code !== '' && !message.includes(code) ? `(${code})` : ''].filter((part) => part !== '').join(' ') || 'unknown fault';
}
