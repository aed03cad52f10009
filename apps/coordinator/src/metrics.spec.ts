import { WITHHELD_CAUSES } from '@muster/evidence';
import type { Change } from '@muster/membership';
import { Registry } from 'prom-client';
import { CoordinatorMetrics } from './metrics.js';

const down = (failure: string | null): Change => ({ kind: 'transition', from: 'HEALTHY', failure }) as unknown as Change;

test('a member that an operator took out is counted as a failure, once, and one that an observer proposed is not counted twice', async () => {
  const registry = new Registry();
  const metrics = new CoordinatorMetrics(registry);
  metrics.changed([down('evicted'), down('crashed'), down(null), { kind: 'removed', nodeId: 'n' } as unknown as Change]);
  const text = await registry.metrics();
  expect(text).toContain('cluster_failures_detected_total{class="evicted"} 1\n');
  expect(text).toContain('cluster_failures_detected_total{class="crashed"} 0\n');
});

test('every cause for which a verdict may be withheld is there before the first is', async () => {
  const registry = new Registry();
  const metrics = new CoordinatorMetrics(registry);
  metrics.noted({ kind: 'withheld', nodeId: 'n', cause: 'refused', detail: '' });
  const text = await registry.metrics();
  for (const cause of WITHHELD_CAUSES) expect(text).toContain(`cluster_verdicts_withheld_total{reason="${cause}"} ${cause === 'refused' ? 1 : 0}\n`);
  expect(WITHHELD_CAUSES).toContain('follower');
});
