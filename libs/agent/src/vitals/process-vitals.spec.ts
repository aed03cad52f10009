import { until } from '@muster/testing';
import { HostLimits } from './host-limits.js';
import { LoopDelay } from './loop-delay.js';
import { ProcessVitals } from './process-vitals.js';

function burn(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

async function pause(durationMs: number): Promise<void> {
  const endMs = performance.now() + durationMs;
  await until('the pause is over', () => performance.now() >= endMs);
}

test('A6: an event loop that was held up is seen as late', async () => {
  const delay = new LoopDelay();
  await pause(60);
  burn(300);
  await pause(60);
  expect(delay.take(0)).toBeGreaterThan(100);
  expect(delay.take(700)).toBeGreaterThanOrEqual(700);
  delay.close();
});

test('A6: the CPU share of the process is what it really spent', async () => {
  const limits = new HostLimits();
  const probe = new ProcessVitals(limits);
  burn(20);
  // Two looks at one time: again when this machine stood still between them.
  await until('both see the same', () => {
    probe.read();
    const [cpuBefore, wallBefore] = [process.cpuUsage(), performance.now()];
    burn(300);
    const spent = process.cpuUsage(cpuBefore);
    const expected = (spent.user + spent.system) / 1000 / (performance.now() - wallBefore) / limits.cores;
    return Math.abs(probe.read().cpuProcess - Math.min(1, expected)) < 0.05;
  });
});

test('every reading lies in its range', () => {
  const probe = new ProcessVitals(new HostLimits());
  burn(20);
  const shares = probe.read();
  for (const share of Object.values(shares)) {
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
  }
  expect(shares.memory).toBeGreaterThan(0);
});
