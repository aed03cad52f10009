/**
 * The bytes of a snapshot in rows: the first beside what is known of it, the others in a table of their own, so that a large one can be written over
 * many transactions before a last one makes it the snapshot. Pure: cuts and counts.
 */

/** One row. More of them take longer in all, larger ones hold the thread for longer at a time. Bytes. */
export const PART_BYTES = 256 * 1024;

/** Rows beside the first one. */
export function partsOf(data: Uint8Array): number {
  return Math.max(0, Math.ceil(data.byteLength / PART_BYTES) - 1);
}

/** Part 0 is the first row. */
export function partAt(data: Uint8Array, part: number): Uint8Array {
  return data.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
}

/** Which part a piece of `totalBytes` is; null when it is none beside the first, or not exactly one. */
export function partOf({ offset, bytes, totalBytes }: { readonly offset: number; readonly bytes: number; readonly totalBytes: number }): number | null {
  const isWhole = offset % PART_BYTES === 0 && bytes === Math.min(PART_BYTES, totalBytes - offset);
  return isWhole && bytes > 0 && offset > 0 ? offset / PART_BYTES : null;
}
