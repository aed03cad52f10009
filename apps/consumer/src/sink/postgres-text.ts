/** JSON that PostgreSQL can store as jsonb: text there holds neither NUL nor half a surrogate pair. Pure. */

const SUSPECT = /\\u0000|\\ud[89a-f]/i;

/** Puts U+FFFD where a character cannot be stored; everything else stays as it is. */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value);
  return SUSPECT.test(json) ? JSON.stringify(storable(value)) : json;
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\u0000', '\uFFFD');
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), storable(inner)]));
}
