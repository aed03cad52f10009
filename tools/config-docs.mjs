/**
 * Writes docs/configuration.md from the schemas that the services parse; `--check` fails when it is not up to date.
 *
 * Also fails when a setting is not documented, when a service has a section that other services would not skip, or when two
 * services mean different things by one name. Needs a build.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'docs', 'configuration.md');
const load = (path) => import(pathToFileURL(join(root, path)).href);

const { describeConfig, KNOWN_SECTIONS } = await load('libs/config/dist/index.js');

/** [{ service, settings }] of every app with a config.ts, which exports its schema as `<app>Schema`. */
async function services() {
  const found = [];
  for (const service of readdirSync(join(root, 'apps')).sort()) {
    if (!existsSync(join(root, 'apps', service, 'src', 'config.ts'))) continue;
    const built = join('apps', service, 'dist', 'config.js');
    if (!existsSync(join(root, built))) throw new Error(`${built} is missing: run npm run build first`);
    const schema = (await load(built))[`${service}Schema`];
    if (schema === undefined) throw new Error(`apps/${service}/src/config.ts must export ${service}Schema`);
    found.push({ service, settings: describeConfig(schema) });
  }
  return found;
}

const all = await services();
const problems = [];

/** Map of section -> Map of key -> { setting, byService: Map of service -> default }. */
function collect() {
  const sections = new Map();
  for (const { service, settings } of all) {
    for (const setting of settings) {
      const section = sections.get(setting.section) ?? new Map();
      sections.set(setting.section, section);
      const known = section.get(setting.key) ?? { setting, byService: new Map() };
      section.set(setting.key, known);
      known.byService.set(service, setting.defaultValue);
      check(setting, known.setting, service);
    }
  }
  return sections;
}

function check(setting, first, service) {
  const { key, section, meta, kind } = setting;
  if (!meta.doc) problems.push(`${key} (${service}) has no .meta({ doc })`);
  if (kind === 'number' && !meta.range) problems.push(`${key} (${service}) is a number without .meta({ range })`);
  if (/(Ms|Bytes|Seconds)$/.test(key) && !meta.unit) problems.push(`${key} (${service}) has a unit in its name and none in .meta({ unit })`);
  if (!KNOWN_SECTIONS.includes(section)) problems.push(`section ${section} (${service}) is missing in libs/config/src/known-names.ts: other services would refuse a file that has it`);
  if (JSON.stringify(meta) !== JSON.stringify(first.meta) || kind !== first.kind) problems.push(`${key} means something else in ${service} than in another service`);
}

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (value) => `\`${cell(value)}\``;

function written(value) {
  if (Array.isArray(value)) return value.length === 0 ? 'empty' : code(value.join(','));
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0 ? 'empty' : code(JSON.stringify(value));
  return value === '' ? 'empty' : code(value);
}

function defaultOf({ setting, byService }) {
  if (setting.meta.defaultDoc) return cell(setting.meta.defaultDoc);
  const values = [...new Set([...byService.values()].map((value) => JSON.stringify(value)))];
  if (values.length > 1) return [...byService].map(([service, value]) => `${written(value)} (${service})`).join(', ');
  return values[0] === undefined ? 'none' : written(setting.defaultValue);
}

function row(entry) {
  const { key, env, meta } = entry.setting;
  const variables = [env, meta.env].filter(Boolean).map(code).join(', ');
  const raising = meta.raising ? ` *Raising it:* ${meta.raising}` : '';
  return `| ${code(key)} | ${variables} | ${defaultOf(entry)} | ${meta.unit ?? ''} | ${cell(meta.range ?? '')} | ${cell((meta.doc ?? '') + raising)} |`;
}

function sectionText(name, settings) {
  const users = [...new Set([...settings.values()].flatMap(({ byService }) => [...byService.keys()]))];
  const who = users.length === all.length ? 'Every service.' : `Read by: ${users.join(', ')}.`;
  return `## ${name}\n\n${who}\n\n| setting | variable | default | unit | range | meaning |\n|---|---|---|---|---|---|\n${[...settings.values()].map(row).join('\n')}\n`;
}

const sections = collect();
for (const section of KNOWN_SECTIONS.filter((name) => !sections.has(name))) problems.push(`section ${section} in libs/config/src/known-names.ts belongs to no service: misspelt settings in it would pass unseen`);
const order = [...sections.keys()].sort((a, b) => KNOWN_SECTIONS.indexOf(a) - KNOWN_SECTIONS.indexOf(b));
const text = `<!-- Written by tools/config-docs.mjs from the schemas; change those, then run: npm run docs:config -->

# Configuration

A setting comes from its environment variable, else from the YAML file that \`MUSTER_CONFIG\` names, else from its default.
One file may serve all services: each reads its own sections and skips those of the others. What nobody knows is an error.

\`\`\`yaml
heartbeat:
  intervalMs: 500
cluster:
  coordinators: [http://10.0.0.1:8081, http://10.0.0.2:8081]
node:
  zone: rack-7
  tags: { tier: front }
\`\`\`

In the environment, lists are written \`a,b\` and maps \`key=value,key=value\`; an empty variable counts as absent. Values that
make no sense stop the start: every problem on a line of its own, with setting, variable, value and rule, exit code 78.

Rule between settings: \`failure.timeoutMs\` must be more than three times \`heartbeat.intervalMs\`.

${order.map((name) => sectionText(name, sections.get(name))).join('\n')}`;

if (problems.length > 0) {
  console.error([...new Set(problems)].join('\n'));
  process.exit(1);
}
if (process.argv.includes('--check')) {
  if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
    console.error('docs/configuration.md is not what the schemas say: run npm run docs:config and commit it');
    process.exit(1);
  }
  console.log('docs/configuration.md is up to date');
} else {
  writeFileSync(target, text);
  console.log(`docs/configuration.md: ${all.length} services, ${order.length} sections`);
}
