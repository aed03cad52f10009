/** Writes the report of test-ha-cluster.sh, as Markdown, from the facts of the watch and the measurements of the script. */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: Object.fromEntries(['facts', 'measured', 'outcome', 'cluster', 'started', 'coordinators'].map((name) => [name, { type: 'string' }])),
});
const lines = (file) => readFileSync(file, 'utf8').split('\n').filter((line) => line.endsWith('}')).map((line) => JSON.parse(line));
const facts = lines(options.facts);
const of = (kind) => facts.filter((fact) => fact.kind === kind);
const startedUnixMs = Number(options.started);
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
const at = (unixMs) => seconds(unixMs - startedUnixMs);
const print = (line = '') => console.log(line);
const table = (titles, rows) => {
  print(`| ${titles.join(' | ')} |`);
  print(`|${titles.map(() => '---').join('|')}|`);
  for (const row of rows) print(`| ${row.join(' | ')} |`);
  print();
};
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

print('# Coordinators under harm');
print();
const broken = of('broken');
print(options.outcome === 'kept' ? '**Every promise was kept.**' : `**A promise was broken.** ${broken.map(({ promise }) => promise).join('; ') || 'The last lines of the script say which.'}`);
print();
table(['', ''], [
  ['begun', new Date(startedUnixMs).toISOString()],
  ['took', seconds(Date.now() - startedUnixMs)],
  ['cluster', options.cluster],
  ['coordinators', options.coordinators],
  ['machine', `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.version}`],
]);

print('## Measured');
print();
table(['', 'measured', 'promised'], lines(options.measured).map(({ name, ms, limitMs }) => [name, seconds(ms), limitMs === null ? '' : `≤ ${seconds(limitMs)}`]));

print('## Leaders');
print();
table(['term', 'leader', 'seen first, after the beginning'], of('leads').map(({ term, nodeId, atUnixMs }) => [term, nodeId, at(atUnixMs)]));

const acknowledged = of('acknowledged');
const took = acknowledged.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
const codes = new Map();
for (const { code } of of('unacknowledged')) codes.set(code, (codes.get(code) ?? 0) + 1);
const ended = of('ended').at(-1);
print('## Meanwhile');
print();
table(['', ''], [
  ['changes acknowledged', acknowledged.length],
  ['of these looked up again at every coordinator', of('kept').reduce((sum, { changes }) => sum + changes, 0)],
  ['time to acknowledge: p50 / p99 / longest', took.length === 0 ? '–' : `${quantile(took, 0.5)} / ${quantile(took, 0.99)} / ${took.at(-1)} ms`],
  ['changes refused or unanswered, by HTTP status (0: no answer)', [...codes].map(([code, count]) => `${count} × ${code}`).join(', ') || 'none'],
  ...(ended === undefined ? [] : [
    ['looks at a coordinator’s group', ended.looks],
    ['linearizable reads answered / refused or unanswered', `${ended.reads} / ${ended.readsFailed}`],
    ['gateway: cluster status answered / not', `${ended.gatewayAnswers} / ${ended.gatewayFailures}`],
  ]),
  ['promises broken', broken.length],
]);
