/** The sentence of whatever was thrown; an error that stands for several says all of theirs, its own says nothing. */
export function messageOf(error: unknown): string {
  if (error instanceof Object && 'errors' in error && Array.isArray(error.errors)) return error.errors.map(messageOf).join('; ');
  if (error instanceof Object && 'message' in error) return String(error.message);
  return String(error);
}
