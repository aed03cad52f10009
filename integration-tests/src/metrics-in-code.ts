/** Which metrics an expression asks for, and whether services and libraries have them: Prometheus shows nothing instead of an error. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFile } from './repository.js';

/** Words in quotes that stand in the sources of services and libraries: a metric that exists is one of them. */
function namesInCode(path: string): Set<string> {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts') && !/node_modules|[\\/]dist/.test(entry.parentPath));
  return new Set(files.flatMap((file) => [...readFileSync(join(file.parentPath, file.name), 'utf8').matchAll(/['"`]([a-z][a-z0-9]*(?:_[a-z0-9]+)+)['"`]/g)].map((match) => match[1] ?? '')));
}
const inCode = new Set([...namesInCode(repositoryFile('apps')), ...namesInCode(repositoryFile('libs'))]);
/** Prometheus makes these itself. */
const OF_PROMETHEUS = new Set(['up', 'scrape_duration_seconds']);

/** Metric names of an expression: what is left without strings, label lists, functions and grouping. */
export function metricsOf(expression: string): string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '');
  const words = [...bare.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\(|[a-zA-Z0-9_:])/g)].map(([word]) => word);
  return words.filter((word) => !['and', 'or', 'unless', 'bool', 'offset', 'inf', 'Inf', 'NaN'].includes(word));
}

const baseOf = (metric: string): string => (inCode.has(metric) ? metric : metric.replace(/_(bucket|sum|count)$/, ''));

/** Metrics of an expression that nothing in the code makes. */
export const unknownMetrics = (expression: string): string[] => metricsOf(expression).filter((metric) => !inCode.has(baseOf(metric)) && !OF_PROMETHEUS.has(metric));
