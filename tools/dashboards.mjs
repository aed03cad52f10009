/**
 * Writes docker/grafana/dashboards/*.json from docker/grafana/source/*.mjs; with `--check` it only says what differs.
 *
 * A source lists rows of panels; layout, ids, data source and everything else that Grafana wants in every panel is decided
 * here, so that all dashboards look and behave alike.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const sourceFolder = join(root, 'docker', 'grafana', 'source');
const targetFolder = join(root, 'docker', 'grafana', 'dashboards');
const GRID_WIDTH = 24;
const SCHEMA_VERSION = 41;
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

const HEIGHT = { stat: 4, timeseries: 8, table: 8, heatmap: 8, row: 1 };

const target = (type) => ({ expr, legend, instant }, index) => ({
  refId: String.fromCharCode('A'.charCodeAt(0) + index),
  datasource: DATASOURCE,
  expr,
  legendFormat: legend ?? '__auto',
  editorMode: 'code',
  ...(instant || type === 'table' ? { instant: true, range: false, ...(type === 'table' ? { format: 'table' } : {}) } : { range: true }),
  ...(type === 'heatmap' ? { format: 'heatmap' } : {}),
});

/** The parts of a panel that follow from its type. */
function looks({ type, unit, min, max, stack, thresholds, mappings, sparkline, textMode = 'auto', overrides = [] }) {
  const color = thresholds ? { mode: 'thresholds' } : { mode: type === 'stat' ? 'fixed' : 'palette-classic', ...(type === 'stat' ? { fixedColor: 'text' } : {}) };
  const defaults = {
    unit,
    color,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(mappings ? { mappings } : {}),
    thresholds: { mode: 'absolute', steps: thresholds ?? [{ color: 'text', value: null }] },
  };
  if (type === 'timeseries') {
    const custom = { lineWidth: 1, fillOpacity: stack ? 30 : 5, showPoints: 'never', stacking: { mode: stack ? 'normal' : 'none' } };
    const options = { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } };
    return { fieldConfig: { defaults: { ...defaults, color: { mode: 'palette-classic' }, custom }, overrides }, options };
  }
  if (type === 'stat') return { fieldConfig: { defaults, overrides }, options: { graphMode: sparkline === false ? 'none' : 'area', colorMode: 'value', reduceOptions: { calcs: ['lastNotNull'] }, textMode } };
  return { fieldConfig: { defaults, overrides }, options: {} };
}

/** Panels side by side from the left, a new line where the next does not fit. */
function layOut(rows) {
  const panels = [];
  let id = 0;
  let y = 0;
  for (const { title, panels: members } of rows) {
    panels.push({ id: ++id, type: 'row', title, collapsed: false, panels: [], gridPos: { x: 0, y, w: GRID_WIDTH, h: HEIGHT.row } });
    y += HEIGHT.row;
    let x = 0;
    let lineHeight = 0;
    for (const panel of members) {
      const h = panel.height ?? HEIGHT[panel.type];
      if (x + panel.width > GRID_WIDTH) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      const { type, title: name, description, transformations } = panel;
      const gridPos = { x, y, w: panel.width, h };
      panels.push({ id: ++id, type, title: name, description, datasource: DATASOURCE, gridPos, targets: panel.targets.map(target(type)), ...looks(panel), ...(transformations ? { transformations } : {}) });
      x += panel.width;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return panels;
}

const variable = ({ name, label, query }) => ({
  name,
  label,
  type: 'query',
  datasource: DATASOURCE,
  query: { query, refId: name },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
});

function toJson({ uid, title, description, tags, variables, rows }) {
  const dashboard = {
    id: null,
    uid,
    title,
    description,
    tags,
    editable: false,
    graphTooltip: 1,
    refresh: '5s',
    schemaVersion: SCHEMA_VERSION,
    time: { from: 'now-15m', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: { text: 'Prometheus', value: 'muster-prometheus' } }, ...variables.map(variable)],
    },
    annotations: { list: [] },
    links: [{ title: 'Muster', type: 'dashboards', tags: ['muster'], asDropdown: false, keepTime: true, includeVars: false, targetBlank: false }],
    panels: layOut(rows),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

const isCheck = process.argv.includes('--check');
mkdirSync(targetFolder, { recursive: true });
let differing = 0;
const written = new Set();
for (const file of readdirSync(sourceFolder).filter((name) => name.endsWith('.mjs'))) {
  const { dashboard } = await import(pathToFileURL(join(sourceFolder, file)).href);
  const path = join(targetFolder, `${dashboard.uid}.json`);
  written.add(`${dashboard.uid}.json`);
  const wanted = toJson(dashboard);
  let present = '';
  try {
    present = readFileSync(path, 'utf8');
  } catch {
    // Not written yet: differs from what is wanted.
  }
  if (present === wanted) continue;
  differing++;
  if (isCheck) console.error(`${relative(root, path)} is not what ${relative(root, join(sourceFolder, file))} says: run node tools/dashboards.mjs`);
  else writeFileSync(path, wanted);
}
for (const name of readdirSync(targetFolder).filter((entry) => !written.has(entry))) {
  differing++;
  console.error(`docker/grafana/dashboards/${name} has no source in docker/grafana/source`);
}
if (isCheck) {
  console.log(differing === 0 ? `dashboards: ${written.size} as their sources say` : `dashboards: ${differing} differ`);
  process.exitCode = differing === 0 ? 0 : 1;
}
