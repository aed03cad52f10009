/** What every provisioned dashboard must hold to (A13): Grafana shows an empty panel instead of an error when one of these is broken. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { metricsOf, unknownMetrics } from './metrics-in-code.js';
import { repositoryFile } from './repository.js';

interface Target {
  readonly expr: string;
  readonly datasource: { uid: string };
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { uid: string };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { defaults: { unit?: string } };
  readonly gridPos: { x: number; y: number; w: number; h: number };
}
interface Dashboard {
  readonly id: null;
  readonly uid: string;
  readonly title: string;
  readonly editable: boolean;
  readonly __inputs?: unknown;
  readonly panels: readonly Panel[];
  readonly templating: { list: readonly { name: string; type: string }[] };
}

const folder = repositoryFile('docker/grafana/dashboards');
const dashboards = readdirSync(folder).map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard] as const);

test('the reader of expressions finds metrics and nothing else', () => {
  expect(metricsOf('histogram_quantile(0.95, sum by (le) (rate(a_seconds_bucket{x="b_c"}[$__rate_interval]))) / on (instance) group_left (node_id) up')).toEqual(['a_seconds_bucket', 'up']);
});

describe.each(dashboards)('%s', (name, dashboard) => {
  const panels = dashboard.panels.filter((panel) => panel.type !== 'row');
  const targets = panels.flatMap((panel) => (panel.targets ?? []).map((target) => [panel.title, target] as const));

  test('can be provisioned: named by its uid, not an export, not to be edited in place', () => {
    expect(dashboard).toMatchObject({ id: null, editable: false, uid: name.replace('.json', '') });
    expect(dashboard.__inputs).toBeUndefined();
    expect(dashboard.title).not.toBe('');
  });

  test('takes its data source from a variable', () => {
    expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
    for (const panel of panels) expect({ panel: panel.title, uid: panel.datasource?.uid }).toEqual({ panel: panel.title, uid: '${datasource}' });
    for (const [panel, target] of targets) expect({ panel, uid: target.datasource.uid }).toEqual({ panel, uid: '${datasource}' });
  });

  test('every panel has a description, a unit and something to show', () => {
    for (const panel of panels) {
      const { title, description = '', targets: wanted = [], fieldConfig } = panel;
      expect({ title, isDescribed: description.length > 10, unit: typeof fieldConfig?.defaults.unit, hasTargets: wanted.length > 0 }).toEqual({ title, isDescribed: true, unit: 'string', hasTargets: true });
    }
  });

  test('panels have ids of their own and do not overlap', () => {
    expect(new Set(dashboard.panels.map((panel) => panel.id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`));
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBeLessThanOrEqual(24);
  });

  test.each(targets)('%s: asks for metrics that the code has', (_title, { expr }) => {
    const metrics = metricsOf(expr);
    expect(metrics.length).toBeGreaterThan(0);
    expect(unknownMetrics(expr)).toEqual([]);
  });

  test.each(targets)('%s: counters are read as rates or increases, over the interval that Grafana chooses', (_title, { expr }) => {
    const bare = expr.replaceAll(/\b(rate|increase)\((?:[^()]*)\[(\$__rate_interval|\$__range)\]\)/g, '');
    expect(bare).not.toMatch(/_total\b|_bucket\b|\brate\(|\bincrease\(/);
  });

  test('uses only variables that it defines', () => {
    const defined = new Set(dashboard.templating.list.map((variable) => variable.name));
    const used = targets.flatMap(([, { expr }]) => [...expr.matchAll(/\$\{?(\w+)/g)].map((match) => match[1] ?? ''));
    expect(used.filter((variable) => !variable.startsWith('__') && !defined.has(variable))).toEqual([]);
  });
});

test('dashboards are provisioned from where compose mounts them, on the data source they name', () => {
  const providers = parse(readFileSync(repositoryFile('docker/grafana/provisioning/dashboards/muster.yml'), 'utf8')) as { providers: { options: { path: string } }[] };
  const datasources = parse(readFileSync(repositoryFile('docker/grafana/provisioning/datasources/prometheus.yml'), 'utf8')) as { datasources: { uid: string; isDefault: boolean }[] };
  const compose = readFileSync(repositoryFile('docker-compose.yml'), 'utf8');
  for (const { options } of providers.providers) expect(compose).toContain(`./docker/grafana/dashboards:${options.path}:ro`);
  expect(datasources.datasources).toMatchObject([{ uid: 'muster-prometheus', isDefault: true }]);
});
