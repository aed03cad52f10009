/** The place in a list where the next page begins, as text that clients pass back unread. Pure. */

export interface Cursor {
  /** Milliseconds since 1970. */
  readonly timeUnixMs: number;
  readonly id: string;
}

export const encodeCursor = ({ timeUnixMs, id }: Cursor): string => Buffer.from(JSON.stringify([timeUnixMs, id])).toString('base64url');

/** Null for text that no page of ours ended with. */
export function decodeCursor(text: string): Cursor | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!Array.isArray(value) || value.length !== 2) return null;
    const [timeUnixMs, id]: unknown[] = value;
    return typeof timeUnixMs === 'number' && Number.isSafeInteger(timeUnixMs) && Math.abs(timeUnixMs) <= 8.64e15 && typeof id === 'string' ? { timeUnixMs, id } : null;
  } catch {
    return null;
  }
}
