/** When a leader spares its disk. */
import { DiskWatch } from './disk-watch.js';

const watch = (): DiskWatch => new DiskWatch({ slowMs: 250, lowWaterBytes: 1000 });

test('three slow writes in ten seconds are too many, fewer or older ones are not', () => {
  const disk = watch();
  for (const [tookMs, nowMs] of [[300, 0], [300, 1000], [200, 2000]] as const) disk.wrote(tookMs, nowMs);
  expect(disk.trouble(2000)).toBeNull();
  disk.wrote(260, 9000);
  expect(disk.trouble(9000)).toBe('3 writes took longer than 250 ms each within 10 s');
  expect(disk.trouble(10_500)).toBeNull();
});

test('a disk that is nearly full is no place for a leader; one of which nothing is known is', () => {
  const disk = watch();
  expect(disk.trouble(0)).toBeNull();
  disk.freeBytes = 1000;
  expect(disk.trouble(0)).toBeNull();
  disk.freeBytes = 999;
  expect(disk.trouble(0)).toBe('only 999 bytes are free on its disk, less than 1000');
});

test('leadership does not go round: one handover a minute', () => {
  const disk = watch();
  disk.freeBytes = 0;
  disk.told(5000);
  expect(disk.trouble(64_999)).toBeNull();
  expect(disk.trouble(65_000)).not.toBeNull();
});
