/** What every alert must hold to: it tells what to do, asks for metrics that exist, and is shown to fire and not to fire. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { unknownMetrics } from './metrics-in-code.js';
import { repositoryFile } from './repository.js';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}
interface Shown {
  readonly alertname: string;
  readonly exp_alerts: readonly object[];
}

const folder = repositoryFile('docker/prometheus');
const read = (name: string): unknown => parse(readFileSync(`${folder}/${name}`, 'utf8'));
const { groups } = read('alerts.yml') as { groups: readonly { name: string; rules: readonly Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const shown = (read('alerts.test.yml') as { tests: readonly { alert_rule_test: readonly Shown[] }[] }).tests.flatMap((one) => one.alert_rule_test);
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

test('E6: there is an alert for each way in which the group of coordinators can be in trouble', () => {
  expect(groups.find(({ name }) => name === 'muster-raft')?.rules.map(({ alert }) => alert)).toEqual(['MusterNoLeader', 'MusterTwoLeadersInTerm', 'MusterSplitBrainSuspected', 'MusterQuorumAtRisk', 'MusterFollowerLags']);
});

describe.each(alerts)('$alert', ({ alert, expr, labels, annotations, for: lasting }) => {
  test('says how bad it is, what happened and what to do', () => {
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(annotations.summary.length).toBeGreaterThan(20);
    expect(annotations.description.length).toBeGreaterThan(80);
    expect(lasting).toMatch(/^\d+[sm]$/);
  });

  test('asks for metrics that the code has', () => {
    expect(unknownMetrics(expr)).toEqual([]);
  });

  test('is shown to fire and not to fire', () => {
    const verdicts = shown.filter(({ alertname }) => alertname === alert).map(({ exp_alerts: expected }) => expected.length > 0);
    expect(new Set(verdicts)).toEqual(new Set([true, false]));
  });
});

test('Prometheus loads the alerts', () => {
  expect(read('prometheus.yml')).toMatchObject({ rule_files: ['alerts.yml'] });
});

if (hasPromtool) {
  test.each([
    ['test', 'rules', 'alerts.test.yml'],
    ['check', 'config', 'prometheus.yml'],
  ])('promtool %s %s %s succeeds', (...args) => {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
    expect({ status, out: `${stdout}${stderr}` }).toEqual({ status: 0, out: expect.stringContaining('SUCCESS') });
  });
} else {
  test.todo('promtool agrees with the alerts (install Prometheus to run it)');
}
