/** What one durable write costs on a disk, without any of ours around it: 4 KiB and `fdatasync`. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const BESIDE_EVERY_MS = 2;
const page = Buffer.alloc(4096, 1);

/** One after the other; milliseconds each. */
export function syncs(folder: string, count: number): number[] {
  const { file, close } = scratchFile(folder);
  try {
    return Array.from({ length: count }, () => sync(file));
  } finally {
    close();
  }
}

/** Now and then while something else goes on: what its own syncs cost, as they meet the same disk and the same processors. */
export async function syncsBeside<T>(folder: string, work: Promise<T>): Promise<{ readonly done: T; readonly samples: readonly number[] }> {
  const samples: number[] = [];
  const { file, close } = scratchFile(folder);
  const begun = { isOver: false };
  const over = work.finally(() => (begun.isOver = true));
  try {
    while (!begun.isOver) {
      samples.push(sync(file));
      await pause(BESIDE_EVERY_MS);
    }
    return { done: await over, samples };
  } finally {
    close();
  }
}

function sync(file: number): number {
  const sinceMs = performance.now();
  writeSync(file, page);
  fdatasyncSync(file);
  return performance.now() - sinceMs;
}

function scratchFile(folder: string): { readonly file: number; readonly close: () => void } {
  const path = join(folder, 'syncs');
  const file = openSync(path, 'w');
  return {
    file,
    close: () => {
      closeSync(file);
      rmSync(path);
    },
  };
}
