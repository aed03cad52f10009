/**
 * Reads CPU and memory limits out of the texts of Linux control groups, version 2 and 1.
 *
 * Pure: takes file contents, not paths. A limit may be set on any level from the process's own group to the root, and
 * the tightest one holds.
 */

/** One memory group: what it may use and what it uses. */
export interface MemoryGroup {
  /** Bytes; null: no limit. */
  readonly limitBytes: number | null;
  /** Bytes that cannot be had back for the asking: page cache that nobody used lately is not counted. */
  readonly usedBytes: number;
}

/** Version 1 says "no limit" by a number near 2^63, rounded down to a page. */
const UNLIMITED_BYTES = 2 ** 60;

/** Path of the process's group: the version 2 line `0::/path`, or the version 1 line that names `controller`. */
export function groupPath(procSelfCgroup: string, controller: 'cpu' | 'memory' | null): string | null {
  for (const line of procSelfCgroup.split('\n')) {
    const [, controllers, ...path] = line.split(':');
    if (controllers === undefined || path.length === 0) continue;
    const isWanted = controller === null ? line.startsWith('0::') : controllers.split(',').includes(controller);
    if (isWanted) return path.join(':');
  }
  return null;
}

/** The group's folder and all above it, deepest first: `/a/b` gives `/a/b`, `/a` and `/`. */
export function groupAndParents(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..' && part !== '.');
  return [...parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`), '/'];
}

/** Cores out of `cpu.max` ("max 100000" or "150000 100000"); null: no limit. */
export function coresOfCpuMax(text: string): number | null {
  const [quota, period] = text.trim().split(/\s+/);
  return quotient(quota === 'max' ? -1 : Number(quota), Number(period));
}

/** Cores out of `cpu.cfs_quota_us` and `cpu.cfs_period_us`; null: no limit. */
export function coresOfCfs(quotaText: string, periodText: string): number | null {
  return quotient(Number(quotaText.trim()), Number(periodText.trim()));
}

function quotient(quota: number, period: number): number | null {
  return quota > 0 && period > 0 ? quota / period : null;
}

/** Bytes out of `memory.max` or `memory.limit_in_bytes`; null: no limit, or nothing readable. */
export function limitBytes(text: string): number | null {
  const bytes = Number(text.trim());
  return Number.isFinite(bytes) && bytes > 0 && bytes < UNLIMITED_BYTES ? bytes : null;
}

/** Usage less the inactive page cache, which `memory.stat` names (`inactive_file` in version 2, `total_inactive_file` in 1). */
export function workingSetBytes(usageText: string, statText: string): number {
  const usage = Number(usageText.trim());
  const inactive = statValue(statText, 'total_inactive_file') ?? statValue(statText, 'inactive_file') ?? 0;
  return Number.isFinite(usage) ? Math.max(0, usage - inactive) : 0;
}

function statValue(text: string, key: string): number | null {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${key} `));
  const value = Number(line?.slice(key.length + 1));
  return line !== undefined && Number.isFinite(value) ? value : null;
}

/** The group that is nearest to its limit; null when none has one. */
export function tightestMemory(groups: readonly MemoryGroup[]): { readonly limitBytes: number; readonly usedBytes: number } | null {
  let tightest: { limitBytes: number; usedBytes: number } | null = null;
  for (const { limitBytes: limit, usedBytes } of groups) {
    if (limit === null) continue;
    if (tightest === null || usedBytes / limit > tightest.usedBytes / tightest.limitBytes) tightest = { limitBytes: limit, usedBytes };
  }
  return tightest;
}

/** The smallest of the limits that are set; null when none is. */
export function tightestCores(limits: readonly (number | null)[]): number | null {
  const set = limits.filter((limit) => limit !== null);
  return set.length === 0 ? null : Math.min(...set);
}
