/**
 * Disks that go bad at command, one per process: by a library that is preloaded (needs `cc`), or by a file system that is small (needs `unshare`).
 * How a process is started on one goes into `AskedProcess.start`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** From the next sync on. */
export type DiskFault = 'well' | 'freeze' | 'error' | 'slow';

export interface Launch {
  /** What is put before the command. */
  readonly before: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Seen from `src` and from `dist`. */
const SOURCE = resolve(import.meta.dirname, '..', 'faults', 'disk-faults.c');

export class BadDisks {
  private constructor(
    private readonly folder: string,
    private readonly library: string,
  ) {}

  /** Null where there is no C compiler. */
  static make(): BadDisks | null {
    const folder = mkdtempSync(join(tmpdir(), 'muster-disks-'));
    const library = join(folder, 'disk-faults.so');
    if (works('cc', '-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl')) return new BadDisks(folder, library);
    rmSync(folder, { recursive: true });
    return null;
  }

  launch(id: string): Launch {
    this.set(id, 'well');
    return { before: [], env: { LD_PRELOAD: this.library, DISK_FAULT_FILE: join(this.folder, id) } };
  }

  set(id: string, fault: DiskFault): void {
    const path = join(this.folder, id);
    writeFileSync(`${path}.new`, fault);
    renameSync(`${path}.new`, path);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whether this machine lets us mount a file system in a namespace of our own. */
export function canFillDisks(): boolean {
  return works('unshare', '--user', '--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt');
}

/** For a process whose folder is a file system of so many bytes, gone with it. */
export function smallDisk(folder: string, bytes: number): Launch {
  return { before: ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', `mkdir -p "$0" && mount -t tmpfs -o size=${bytes} none "$0" && exec "$@"`, folder], env: {} };
}

function works(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
