/** The `code` of an error of the file system, such as `ENOENT`; judged by shape, not by class. */
export function errorCode(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
