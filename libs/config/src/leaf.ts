/**
 * What a schema says of one setting: its kind, its default, its documentation.
 *
 * Reads zod schemas only; it neither parses values nor knows where they come from.
 */
import type { z } from 'zod';

/** A schema of sections, named by what it yields. */
export type ConfigSchema<C> = z.ZodType<C>;

/** Documentation of a setting, given to zod by `.meta()`. */
export interface SettingMeta {
  /** Meaning, in one or two sentences. */
  readonly doc?: string;
  /** Unit of the value: `ms`, `bytes`, `count`. Absent for words. */
  readonly unit?: string;
  /** What is accepted and what is sensible, for people. */
  readonly range?: string;
  /** What happens when the value is raised. */
  readonly raising?: string;
  /** A second environment variable, for a name that other tools use as well. The `MUSTER_` name wins. */
  readonly env?: string;
  /** What the default is, where it is worked out at start. */
  readonly defaultDoc?: string;
}

export type LeafKind = 'number' | 'boolean' | 'list' | 'map' | 'text';

export interface Leaf {
  /** `heartbeat.intervalMs`. */
  readonly key: string;
  readonly path: readonly [section: string, name: string];
  /** `MUSTER_HEARTBEAT_INTERVAL_MS`. */
  readonly env: string;
  readonly kind: LeafKind;
  readonly schema: z.ZodType;
  readonly meta: SettingMeta;
  /** Undefined where there is none. */
  readonly defaultValue: unknown;
}

/** The part of a schema definition that is read here; zod types it per class. */
interface AnyDef {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly defaultValue?: unknown;
}

const defOf = (schema: z.ZodType): AnyDef => schema.def as unknown as AnyDef;

/** A schema and what it wraps, outermost first; `z.preprocess` is followed to the type it yields. */
function layersOf(schema: z.ZodType): z.ZodType[] {
  const layers: z.ZodType[] = [];
  let current: z.ZodType | undefined = schema;
  while (current !== undefined) {
    layers.push(current);
    const def: AnyDef = defOf(current);
    const isPreprocess: boolean = def.in !== undefined && defOf(def.in).type === 'transform';
    current = def.innerType ?? (isPreprocess ? def.out : def.in);
  }
  return layers;
}

export function envName(section: string, name: string): string {
  const upperSnake = (word: string): string => word.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
  return `MUSTER_${upperSnake(section)}_${upperSnake(name)}`;
}

const KINDS: Readonly<Record<string, LeafKind>> = { number: 'number', int: 'number', boolean: 'boolean', array: 'list', record: 'map' };

function leafOf(section: string, name: string, schema: z.ZodType): Leaf {
  const layers = layersOf(schema);
  const meta = layers.map((layer) => layer.meta()).find((found) => found !== undefined);
  const withDefault = layers.map(defOf).find((def) => def.type === 'default' || def.type === 'prefault');
  return {
    key: `${section}.${name}`,
    path: [section, name],
    env: envName(section, name),
    kind: KINDS[defOf(layers.at(-1) ?? schema).type] ?? 'text',
    schema,
    meta: (meta ?? {}) as SettingMeta,
    defaultValue: withDefault?.defaultValue,
  };
}

/** The settings of an object of sections, in the order they are written in. */
export function leavesOf(schema: z.ZodType): Leaf[] {
  return sectionsOf(schema).flatMap(([section, settings]) => Object.entries(shapeOf(settings, section)).map(([name, leaf]) => leafOf(section, name, leaf)));
}

export function sectionsOf(schema: z.ZodType): [string, z.ZodType][] {
  return Object.entries(shapeOf(schema, 'the configuration'));
}

function shapeOf(schema: z.ZodType, where: string): Readonly<Record<string, z.ZodType>> {
  const shape = layersOf(schema).map(defOf).find((def) => def.shape !== undefined)?.shape;
  if (shape === undefined) throw new Error(`${where} must be a z.strictObject`);
  return shape;
}
