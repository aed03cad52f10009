/** Disks that stand still at command, one per member, by a library that is preloaded. */
import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, scratchFolder } from '@muster/test-cluster';

const FAULTS = join(ROOT, 'libs', 'raft-node', 'testing', 'faults', 'disk-faults.c');

export class BadDisks {
  private constructor(
    private readonly folder: string,
    private readonly library: string,
  ) {}

  /** Null where there is no C compiler. */
  static make(): BadDisks | null {
    const folder = scratchFolder('disks');
    const library = join(folder, 'disk-faults.so');
    try {
      execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, FAULTS, '-ldl'], { stdio: 'ignore' });
      return new BadDisks(folder, library);
    } catch {
      rmSync(folder, { recursive: true, force: true });
      return null;
    }
  }

  env(id: string): Readonly<Record<string, string>> {
    return { LD_PRELOAD: this.library, DISK_FAULT_FILE: join(this.folder, id) };
  }

  set(id: string, fault: 'well' | 'freeze'): void {
    writeFileSync(join(this.folder, `${id}.new`), fault);
    renameSync(join(this.folder, `${id}.new`), join(this.folder, id));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
