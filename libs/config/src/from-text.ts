/** Turns the text of an environment variable into the kind of value its setting has; judging the value is the schema's part. */
import type { LeafKind } from './leaf.js';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const WORDS: Readonly<Record<string, boolean>> = { true: true, '1': true, yes: true, on: true, false: false, '0': false, no: false, off: false };

/** Text that does not fit is given back as it is, so that the schema refuses it and the message shows what was written. */
export function fromText(kind: LeafKind, text: string): unknown {
  switch (kind) {
    case 'number':
      return NUMBER.test(text.trim()) ? Number(text) : text;
    case 'boolean':
      return WORDS[text.trim().toLowerCase()] ?? text;
    case 'list':
      return items(text);
    case 'map':
      return pairs(text) ?? text;
    case 'text':
      return text;
  }
}

const items = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function pairs(text: string): Record<string, string> | null {
  const entries = items(text).map((item) => [item, item.indexOf('=')] as const);
  if (entries.some(([, at]) => at < 1)) return null;
  return Object.fromEntries(entries.map(([item, at]) => [item.slice(0, at).trim(), item.slice(at + 1).trim()]));
}
