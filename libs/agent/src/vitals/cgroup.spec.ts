import { coresOfCfs, coresOfCpuMax, groupAndParents, groupPath, limitBytes, tightestCores, tightestMemory, workingSetBytes } from './cgroup.js';

const version2 = '0::/system.slice/muster.service\n';
const version1 = '12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc:odd\n1:name=systemd:/docker/abc\n0::/\n';

test.each([
  { name: 'version 2', text: version2, controller: null, expected: '/system.slice/muster.service' },
  { name: 'no memory controller of version 1 under version 2', text: version2, controller: 'memory', expected: null },
  { name: 'version 1 memory', text: version1, controller: 'memory', expected: '/docker/abc' },
  { name: 'version 1 cpu, mounted together with cpuacct, colon in the path', text: version1, controller: 'cpu', expected: '/docker/abc:odd' },
  { name: 'nothing to read', text: '', controller: null, expected: null },
] as const)('the group path of $name is found', ({ text, controller, expected }) => {
  expect(groupPath(text, controller)).toBe(expected);
});

test('limits are looked for on every level up to the root, and never outside it', () => {
  expect(groupAndParents('/a/b')).toEqual(['/a/b', '/a', '/']);
  expect(groupAndParents('/')).toEqual(['/']);
  expect(groupAndParents('/../../a')).toEqual(['/a', '/']);
});

test.each([
  ['max 100000\n', null],
  ['150000 100000\n', 1.5],
  ['50000 100000', 0.5],
  ['', null],
  ['rubbish', null],
])('cpu.max %j allows %j cores', (text, cores) => {
  expect(coresOfCpuMax(text)).toBe(cores);
});

test.each([
  ['-1\n', '100000\n', null],
  ['200000\n', '100000\n', 2],
  ['', '', null],
])('a CFS quota of %j in %j allows %j cores', (quota, period, cores) => {
  expect(coresOfCfs(quota, period)).toBe(cores);
});

test.each([
  ['max\n', null],
  ['536870912\n', 536_870_912],
  ['9223372036854771712\n', null],
  ['', null],
  ['0', null],
])('memory limit %j means %j bytes', (text, bytes) => {
  expect(limitBytes(text)).toBe(bytes);
});

test('page cache that nobody used lately is not memory in use', () => {
  expect(workingSetBytes('1000\n', 'anon 600\ninactive_file 300\nactive_file 100\n')).toBe(700);
  expect(workingSetBytes('1000\n', 'inactive_file 1\ntotal_inactive_file 400\n')).toBe(600);
  expect(workingSetBytes('1000', 'inactive_file 4000\n')).toBe(0);
  expect(workingSetBytes('1000', '')).toBe(1000);
  expect(workingSetBytes('rubbish', '')).toBe(0);
});

test('of several levels the one nearest to its limit counts', () => {
  expect(tightestMemory([{ limitBytes: null, usedBytes: 9 }])).toBeNull();
  expect(tightestMemory([{ limitBytes: 100, usedBytes: 50 }, { limitBytes: 1000, usedBytes: 900 }, { limitBytes: null, usedBytes: 5000 }])).toEqual({ limitBytes: 1000, usedBytes: 900 });
  expect(tightestCores([null, 2, 0.5])).toBe(0.5);
  expect(tightestCores([null])).toBeNull();
});
