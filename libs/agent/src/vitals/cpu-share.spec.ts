import fc from 'fast-check';
import { cpuTimesOf, cpuTimesOfProcStat, hostShare, processShare } from './cpu-share.js';

test('waiting for a disk is idle, stolen time is busy', () => {
  expect(cpuTimesOfProcStat('cpu  10 1 5 100 20 2 2 7 3 0\ncpu0 5 1 2 50 10 1 1 3 0 0\n')).toEqual({ busy: 27, total: 147 });
});

test.each(['', 'intr 5\n', 'cpu  1 2\n', 'cpu  a b c d\n'])('what is not /proc/stat (%j) gives nothing', (text) => {
  expect(cpuTimesOfProcStat(text)).toBeNull();
});

test('cores are added up', () => {
  const core = { model: 'x', speed: 0, times: { user: 4, nice: 1, sys: 2, irq: 1, idle: 12 } };
  expect(cpuTimesOf([core, core])).toEqual({ busy: 16, total: 40 });
});

test.each([
  { name: 'half of one of two cores', used: { cpuMicros: 500_000, elapsedMs: 1000, cores: 2 }, expected: 0.25 },
  { name: 'all of a quota of half a core', used: { cpuMicros: 500_000, elapsedMs: 1000, cores: 0.5 }, expected: 1 },
  { name: 'no time at all', used: { cpuMicros: 5, elapsedMs: 0, cores: 2 }, expected: 0 },
])('$name is $expected', ({ used, expected }) => {
  expect(processShare(used)).toBe(expected);
});

test('a share is never outside 0..1, even when counters run backwards', () => {
  const times = fc.record({ busy: fc.nat(1000), total: fc.nat(1000) });
  fc.assert(
    fc.property(times, times, (before, after) => {
      const share = hostShare(before, after);
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
    }),
  );
});
