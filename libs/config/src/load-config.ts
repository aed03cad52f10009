/**
 * Reads the configuration of one service: environment over file over defaults.
 *
 * Reports every problem at once, each with key, variable, value and rule. Knows no service and reads no global: the
 * environment comes in, the file is read by the given function.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { z } from 'zod';
import { ConfigError } from './config-error.js';
import { didYouMean } from './did-you-mean.js';
import { fromText } from './from-text.js';
import { isToolVariable, KNOWN_SECTIONS } from './known-names.js';
import { type Leaf, leavesOf, sectionsOf } from './leaf.js';
import { RELATIONS } from './relations.js';
import { ruleOf, shown } from './wording.js';

export interface ConfigSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the file that `MUSTER_CONFIG` names. Default: from disk, as UTF-8. */
  readonly readFile?: (path: string) => string;
}

type Values = Record<string, Record<string, unknown>>;

/** Where a value was written, for the message. */
interface Given {
  readonly value: unknown;
  readonly from: string;
}

export function loadConfig<S extends z.ZodType>(schema: S, source: ConfigSource): z.output<S> {
  const problems: string[] = [];
  const leaves = leavesOf(schema);
  const file = readSections(schema, source, problems);
  problems.push(...unknownVariables(schema, leaves, source.env));
  const given = new Map<string, Given>();
  const values: Values = Object.fromEntries(sectionsOf(schema).map(([section]) => [section, {}]));
  const valid = new Map<string, unknown>();
  for (const leaf of leaves) {
    const found = find(leaf, source.env, file);
    const [section, name] = leaf.path;
    if (found !== null) {
      given.set(leaf.key, found);
      (values[section] ??= {})[name] = found.value;
    }
    const parsed = leaf.schema.safeParse(found?.value);
    if (parsed.success) valid.set(leaf.key, parsed.data);
    else problems.push(problemOf(leaf, found, ruleOf(parsed.error.issues, leaf.meta.range)));
  }
  problems.push(...brokenRelations(leaves, given, valid));
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(parseWhole(schema, { values, leaves, given }));
}

/** Rules that a service puts on its whole schema are judged here; single values were judged before. */
function parseWhole<S extends z.ZodType>(schema: S, at: { values: Values; leaves: readonly Leaf[]; given: ReadonlyMap<string, Given> }): z.output<S> {
  const parsed = schema.safeParse(at.values);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const key = issue.path.join('.');
    const leaf = at.leaves.find((candidate) => candidate.key === key);
    return leaf === undefined ? `${key || 'configuration'}: ${issue.message}` : problemOf(leaf, at.given.get(key) ?? null, issue.message);
  });
  throw new ConfigError(problems);
}

/** The first place that names a setting. An empty variable counts as absent: compose files pass `${X:-}`. */
function find(leaf: Leaf, env: ConfigSource['env'], file: Values): Given | null {
  for (const name of [leaf.env, leaf.meta.env]) {
    const text = name === undefined ? undefined : env[name];
    if (name !== undefined && text !== undefined && text !== '') return { value: fromText(leaf.kind, text), from: name };
  }
  const [section, name] = leaf.path;
  const value = file[section]?.[name];
  return value === undefined || value === null ? null : { value, from: 'the file' };
}

function problemOf(leaf: Leaf, given: Given | null, rule: string): string {
  const value = given === null ? (leaf.defaultValue === undefined ? 'not set' : `${shown(leaf.defaultValue)} (default)`) : `${shown(given.value)} from ${given.from}`;
  return `${leaf.key} (${leaf.env}) is ${value}: ${rule}`;
}

function brokenRelations(leaves: readonly Leaf[], given: ReadonlyMap<string, Given>, valid: ReadonlyMap<string, unknown>): string[] {
  return RELATIONS.flatMap(({ keys, holds, rule }) => {
    const values = keys.map((key) => valid.get(key)).filter((value) => typeof value === 'number');
    const leaf = leaves.find((candidate) => candidate.key === keys[0]);
    if (leaf === undefined || values.length < keys.length || holds(...values)) return [];
    return [problemOf(leaf, given.get(leaf.key) ?? null, rule(...values))];
  });
}

function unknownVariables(schema: z.ZodType, leaves: readonly Leaf[], env: ConfigSource['env']): string[] {
  const known = leaves.map((leaf) => leaf.env);
  const own = sectionsOf(schema).map(([section]) => section);
  const foreign = KNOWN_SECTIONS.filter((section) => !own.includes(section)).map((section) => `MUSTER_${section.toUpperCase()}_`);
  return Object.entries(env)
    .filter(([name, value]) => name.startsWith('MUSTER_') && value !== undefined && !known.includes(name) && !isToolVariable(name, value) && !foreign.some((prefix) => name.startsWith(prefix)))
    .map(([name, value]) => `${name} is ${shown(value)}: no setting has this name${didYouMean(name, known)}`);
}

function readSections(schema: z.ZodType, source: ConfigSource, problems: string[]): Values {
  const path = source.env['MUSTER_CONFIG'];
  if (path === undefined || path === '') return {};
  const document = readYaml(path, source.readFile ?? ((from) => readFileSync(from, 'utf8')), problems);
  if (document === null || document === undefined) return {};
  if (!isMap(document)) {
    problems.push(`MUSTER_CONFIG names ${path}, which holds ${shown(document)}: it must hold sections, such as "heartbeat:"`);
    return {};
  }
  const own = new Map(sectionsOf(schema));
  const leaves = leavesOf(schema);
  for (const [section, settings] of Object.entries(document)) {
    if (!own.has(section)) {
      if (!KNOWN_SECTIONS.includes(section)) problems.push(`${section} in ${path}: no section has this name${didYouMean(section, [...own.keys(), ...KNOWN_SECTIONS])}`);
      continue;
    }
    if (settings === null || settings === undefined) continue;
    if (!isMap(settings)) {
      problems.push(`${section} in ${path} is ${shown(settings)}: a section holds "name: value" lines`);
      delete document[section];
      continue;
    }
    const names = leaves.filter((leaf) => leaf.path[0] === section).map((leaf) => leaf.path[1]);
    for (const name of Object.keys(settings)) {
      if (!names.includes(name)) problems.push(`${section}.${name} in ${path}: no setting has this name${didYouMean(name, names)}`);
    }
  }
  return document as Values;
}

function readYaml(path: string, readFile: (path: string) => string, problems: string[]): unknown {
  try {
    // Loaded only when there is a file: most processes are set up by their environment, and the parser costs start time.
    const yaml = createRequire(import.meta.url)('yaml') as typeof import('yaml');
    return yaml.parse(readFile(path)) as unknown;
  } catch (error) {
    // By shape: an error of the parser or the disk may come from another realm.
    const why = (error as { message?: string }).message ?? String(error);
    problems.push(`MUSTER_CONFIG names ${path}, which cannot be read: ${why.split('\n')[0]}`);
    return null;
  }
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
