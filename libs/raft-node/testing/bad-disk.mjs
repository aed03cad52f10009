/** Disks that go bad at command, one per member: by a library that is preloaded (needs `cc`), or by a file system that is small (needs `unshare`). */
import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const works = (command, ...args) => {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
/** What this machine allows: faults by a library need a C compiler, small disks the right to mount in a namespace of one's own. */
export const CAN_FAIL = works('cc', '--version');
export const CAN_FILL = works('unshare', '--user', '--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt');

const SOURCE = fileURLToPath(new URL('./faults/disk-faults.c', import.meta.url));

export class BadDisks {
  constructor(folder) {
    this.folder = folder;
    this.library = join(folder, 'disk-faults.so');
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', this.library, SOURCE, '-ldl'], { stdio: 'inherit' });
  }

  /** How a member is started on a disk that can go bad. */
  launch(id) {
    this.set(id, 'well');
    return { command: [], env: { LD_PRELOAD: this.library, DISK_FAULT_FILE: join(this.folder, `${id}.fault`) } };
  }

  /** `well`, `freeze`, `error` or `slow`, from the next sync on. */
  set(id, fault) {
    const path = join(this.folder, `${id}.fault`);
    writeFileSync(`${path}.new`, fault);
    renameSync(`${path}.new`, path);
  }
}

/** How a member is started whose folder is a file system of so many bytes, gone with its process. */
export function smallDisk(folder, bytes) {
  return { command: ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', `mkdir -p "$0" && mount -t tmpfs -o size=${bytes} none "$0" && exec "$@"`, folder], env: {} };
}
