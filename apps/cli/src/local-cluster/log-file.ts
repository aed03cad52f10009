/** What a child prints, kept in a file of bounded size: children write to it directly, even while `up` is busy. */
import { closeSync, copyFileSync, fstatSync, mkdirSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';

/** Beyond this the file is set aside as `.1` and begun anew, so one child takes at most twice as much. Bytes. */
export const LOG_BYTES_MAX = 10 * 1024 * 1024;
const TAIL_BYTES = 16 * 1024;

/** Opened for appending, which is what makes cutting it while a child writes safe. */
export function openLog(file: string, mode: 'fresh' | 'append'): number {
  mkdirSync(dirname(file), { recursive: true });
  if (mode === 'fresh') closeSync(openSync(file, 'w'));
  return openSync(file, 'a');
}

/** Never throws: a log that cannot be cut now (the disk is full) is looked at again, and is no reason to end a cluster. */
export function cutLogIfLarge(file: string, bytesMax = LOG_BYTES_MAX): void {
  try {
    if (statSync(file).size <= bytesMax) return;
    copyFileSync(file, `${file}.1`);
    truncateSync(file);
  } catch {
    // As said above: the next look tries again.
  }
}

/** The last lines of a file; empty when there is none. */
export function lastLines(file: string, countMax: number): string[] {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8').split('\n').filter((line) => line.trim() !== '').slice(-countMax);
  } finally {
    closeSync(fd);
  }
}
