/** What a process and its children take, as Linux tells it. */
import { readdirSync, readFileSync } from 'node:fs';

/** A process and all its descendants, by the parents that /proc names. Linux only. */
export function processTree(rootPid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      continue; // it ended while we looked
    }
  }
  const tree = [rootPid];
  for (let next = 0; next < tree.length; next++) {
    for (const [pid, parent] of parents) if (parent === tree[next]) tree.push(pid);
  }
  return tree;
}

/** Resident and proportional memory of one process. Bytes. Proportional counts a shared page once over all who share it. */
export function memoryOf(pid: number): { rssBytes: number; pssBytes: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? Number.NaN);
  return { rssBytes: kib('Rss') * 1024, pssBytes: kib('Pss') * 1024 };
}
