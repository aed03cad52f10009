/**
 * Looks up what this process may use: files of the control groups first, the host where they set no limit.
 *
 * Reading only; what the texts mean is decided in `cgroup.ts`. A file that is not there is a limit that is not set.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { coresOfCfs, coresOfCpuMax, groupAndParents, groupPath, limitBytes, type MemoryGroup, tightestCores, tightestMemory, workingSetBytes } from './cgroup.js';

/** Bytes in use, of bytes that may be used. */
export interface MemoryUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export class HostLimits {
  /** Cores this process may use; fractions are possible. Found once: quotas rarely change under a running process. */
  readonly cores: number;
  private readonly memoryGroups: readonly (() => MemoryGroup)[];

  /** `root` is where `/proc` and `/sys` are found: tests give a folder of their own. */
  constructor(private readonly root = '/') {
    const own = this.read('proc/self/cgroup') ?? '';
    const version1 = groupPath(own, 'memory');
    this.memoryGroups = version1 === null ? this.memoryGroups2(groupPath(own, null) ?? '/') : this.memoryGroups1(version1);
    const cores = this.quotaCores(own);
    this.cores = cores === null ? availableParallelism() : Math.min(cores, availableParallelism());
  }

  /** The control group that is nearest to its limit, or the host when none has one. */
  memory(): MemoryUse {
    return tightestMemory(this.memoryGroups.map((group) => group())) ?? { usedBytes: totalmem() - freemem(), limitBytes: totalmem() };
  }

  private quotaCores(procSelfCgroup: string): number | null {
    const version1 = groupPath(procSelfCgroup, 'cpu');
    if (version1 === null) return tightestCores(this.folders('sys/fs/cgroup', groupPath(procSelfCgroup, null) ?? '/').map((folder) => coresOfCpuMax(this.read(`${folder}/cpu.max`) ?? 'max')));
    return tightestCores(
      this.folders('sys/fs/cgroup/cpu', version1).map((folder) => coresOfCfs(this.read(`${folder}/cpu.cfs_quota_us`) ?? '-1', this.read(`${folder}/cpu.cfs_period_us`) ?? '0')),
    );
  }

  private memoryGroups2(path: string): readonly (() => MemoryGroup)[] {
    return this.groups(this.folders('sys/fs/cgroup', path), { limit: 'memory.max', usage: 'memory.current' });
  }

  private memoryGroups1(path: string): readonly (() => MemoryGroup)[] {
    return this.groups(this.folders('sys/fs/cgroup/memory', path), { limit: 'memory.limit_in_bytes', usage: 'memory.usage_in_bytes' });
  }

  /** Only groups with a limit are read again at each beat. */
  private groups(folders: readonly string[], files: { readonly limit: string; readonly usage: string }): readonly (() => MemoryGroup)[] {
    return folders
      .filter((folder) => limitBytes(this.read(`${folder}/${files.limit}`) ?? '') !== null)
      .map((folder) => () => ({
        limitBytes: limitBytes(this.read(`${folder}/${files.limit}`) ?? ''),
        usedBytes: workingSetBytes(this.read(`${folder}/${files.usage}`) ?? '0', this.read(`${folder}/memory.stat`) ?? ''),
      }));
  }

  /** In a container the path of the group may be the host's, of which only the mounted root is to be seen: levels that are not there are harmless. */
  private folders(mount: string, path: string): readonly string[] {
    return groupAndParents(path).map((level) => join(mount, level));
  }

  read(path: string): string | null {
    try {
      return readFileSync(join(this.root, path), 'utf8');
    } catch {
      return null;
    }
  }
}
