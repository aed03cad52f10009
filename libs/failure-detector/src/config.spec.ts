import { detectorConfig, type DetectorPreset } from './config.js';
import { DetectorSet } from './detector-set.js';

/** Limits of a node that has beaten regularly for long. */
function limits(options: { preset: DetectorPreset; intervalMs: number; failureTimeoutMs?: number }) {
  const set = new DetectorSet(detectorConfig({ preset: options.preset, phiThreshold: 8, failureTimeoutMs: options.failureTimeoutMs ?? 15_000 }));
  set.watch('a', { intervalMs: options.intervalMs, nowMs: 0 });
  for (let seq = 1; seq <= 200; seq++) set.heartbeat('a', { seq, sentMonoMs: seq * options.intervalMs, intervalMs: options.intervalMs }, 1, seq * options.intervalMs);
  return set.rhythm('a');
}

/** Steady beats; the pause that is tolerated is what lies between the interval and the suspicion. */
const steady: ReadonlyArray<{ preset: DetectorPreset; intervalMs: number; lateAfterMs: number; suspectAfterMs: number; silentAfterMs: number }> = [
  { preset: 'lan', intervalMs: 1000, lateAfterMs: 1370, suspectAfterMs: 2523, silentAfterMs: 12_000 },
  { preset: 'lan', intervalMs: 250, lateAfterMs: 358, suspectAfterMs: 1381, silentAfterMs: 12_000 },
  { preset: 'lan', intervalMs: 100, lateAfterMs: 155, suspectAfterMs: 1205, silentAfterMs: 12_000 },
  { preset: 'local', intervalMs: 1000, lateAfterMs: 1370, suspectAfterMs: 2523, silentAfterMs: 12_000 },
  { preset: 'local', intervalMs: 250, lateAfterMs: 358, suspectAfterMs: 781, silentAfterMs: 12_000 },
  { preset: 'wan', intervalMs: 1000, lateAfterMs: 1520, suspectAfterMs: 4523, silentAfterMs: 12_000 },
  { preset: 'wan', intervalMs: 250, lateAfterMs: 395, suspectAfterMs: 3381, silentAfterMs: 12_000 },
];
test.each(steady)('$preset with beats every $intervalMs ms: a look after $lateAfterMs, suspect after $suspectAfterMs, silent after $silentAfterMs', ({ preset, intervalMs, ...expected }) => {
  const rhythm = limits({ preset, intervalMs });
  expect({ lateAfterMs: Math.round(rhythm?.lateAfterMs ?? 0), suspectAfterMs: Math.round(rhythm?.suspectAfterMs ?? 0), silentAfterMs: rhythm?.silentAfterMs }).toEqual(expected);
});

/** Two lost beats, and half an interval for the third on its way, when the timeout has room for that; three intervals in any case. */
const slow: ReadonlyArray<{ intervalMs: number; failureTimeoutMs: number; silentAfterMs: number }> = [
  { intervalMs: 3000, failureTimeoutMs: 15_000, silentAfterMs: 12_000 },
  { intervalMs: 4000, failureTimeoutMs: 15_000, silentAfterMs: 14_000 },
  { intervalMs: 4500, failureTimeoutMs: 15_000, silentAfterMs: 14_250 },
  { intervalMs: 4900, failureTimeoutMs: 15_000, silentAfterMs: 14_700 },
  { intervalMs: 60_000, failureTimeoutMs: 15_000, silentAfterMs: 180_000 },
];
test.each(slow)('with beats every $intervalMs ms and a timeout of $failureTimeoutMs ms, silence is a verdict after $silentAfterMs ms', ({ intervalMs, failureTimeoutMs, silentAfterMs }) => {
  expect(limits({ preset: 'lan', intervalMs, failureTimeoutMs })?.silentAfterMs).toBe(silentAfterMs);
});

test('a look comes before suspicion, and suspicion before the verdict, however near to each other the settings put them', () => {
  for (const failureTimeoutMs of [100, 500, 3000, 15_000]) {
    for (const preset of ['local', 'lan', 'wan'] as const) {
      for (const intervalMs of [Math.floor(failureTimeoutMs / 4), 4 * failureTimeoutMs]) {
        const rhythm = limits({ preset, intervalMs, failureTimeoutMs });
        expect(rhythm?.lateAfterMs).toBeLessThanOrEqual(0.75 * (rhythm?.suspectAfterMs ?? 0));
        expect(rhythm?.suspectAfterMs).toBeLessThanOrEqual(0.75 * (rhythm?.silentAfterMs ?? 0));
      }
    }
  }
});
