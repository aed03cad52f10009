/** Describes a schema for its reference page, made by `tools/config-docs.mjs`. */
import type { z } from 'zod';
import { leavesOf, type LeafKind, type SettingMeta } from './leaf.js';

export interface SettingDescription {
  readonly section: string;
  readonly key: string;
  readonly env: string;
  readonly kind: LeafKind;
  readonly defaultValue: unknown;
  readonly meta: SettingMeta;
}

export function describeConfig(schema: z.ZodType): SettingDescription[] {
  return leavesOf(schema).map(({ path, key, env, kind, defaultValue, meta }) => ({ section: path[0], key, env, kind, defaultValue, meta }));
}
