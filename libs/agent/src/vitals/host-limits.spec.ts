import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { HostLimits } from './host-limits.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'muster-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function given(files: Readonly<Record<string, string>>): HostLimits {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return new HostLimits(root);
}

test('A6: a container under version 2 is measured against its own limits', () => {
  const limits = given({
    'proc/self/cgroup': '0::/\n',
    'sys/fs/cgroup/cpu.max': '50000 100000\n',
    'sys/fs/cgroup/memory.max': '1000\n',
    'sys/fs/cgroup/memory.current': '900\n',
    'sys/fs/cgroup/memory.stat': 'inactive_file 400\n',
  });
  expect(limits.cores).toBe(0.5);
  expect(limits.memory()).toEqual({ limitBytes: 1000, usedBytes: 500 });
});

test('A6: under version 2 a limit on the parent group holds too', () => {
  const limits = given({
    'proc/self/cgroup': '0::/outer/inner\n',
    'sys/fs/cgroup/outer/inner/memory.max': 'max\n',
    'sys/fs/cgroup/outer/memory.max': '2000\n',
    'sys/fs/cgroup/outer/memory.current': '1000\n',
  });
  expect(limits.memory()).toEqual({ limitBytes: 2000, usedBytes: 1000 });
});

test('A6: under version 1 a container that sees only its mounted root finds its limits', () => {
  const limits = given({
    'proc/self/cgroup': '4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n',
    'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '25000\n',
    'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '4096\n',
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '1024\n',
  });
  expect(limits.cores).toBe(0.25);
  expect(limits.memory()).toEqual({ limitBytes: 4096, usedBytes: 1024 });
});

test('without any control group the host is the limit', () => {
  const limits = given({});
  expect(limits.cores).toBe(availableParallelism());
  expect(limits.memory().limitBytes).toBe(totalmem());
  expect(limits.memory().usedBytes).toBeGreaterThan(0);
});
