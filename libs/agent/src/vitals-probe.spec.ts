import { until } from '../testing/until.js';
import { HostLimits } from './host-limits.js';
import { VitalsProbe } from './vitals-probe.js';

function burn(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

async function pause(durationMs: number): Promise<void> {
  const endMs = performance.now() + durationMs;
  await until('the pause is over', () => performance.now() >= endMs);
}

test('A6: an event loop that was held up is seen as late', async () => {
  const probe = new VitalsProbe(new HostLimits());
  await pause(60);
  burn(300);
  await pause(60);
  expect(probe.read().eventLoopDelayMs).toBeGreaterThan(100);
  expect(probe.read(700).eventLoopDelayMs).toBeGreaterThan(100);
  burn(15);
  expect(probe.read(700).eventLoopDelayMs).toBeGreaterThanOrEqual(700);
  probe.close();
});

test('A6: the CPU share of the process is what it really spent', () => {
  const limits = new HostLimits();
  const probe = new VitalsProbe(limits);
  burn(20);
  probe.read();
  const [cpuBefore, wallBefore] = [process.cpuUsage(), performance.now()];
  burn(300);
  const spent = process.cpuUsage(cpuBefore);
  const expected = (spent.user + spent.system) / 1000 / (performance.now() - wallBefore) / limits.cores;
  expect(probe.read().cpuProcess).toBeCloseTo(Math.min(1, expected), 1);
  probe.close();
});

test('every reading lies in its range', () => {
  const probe = new VitalsProbe(new HostLimits());
  burn(20);
  const { eventLoopDelayMs, ...shares } = probe.read();
  expect(eventLoopDelayMs).toBeGreaterThanOrEqual(0);
  for (const share of Object.values(shares)) {
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
  }
  expect(shares.memory).toBeGreaterThan(0);
  probe.close();
});
