/** Entries as bytes, for the store and for the wire. */
import { crc32 } from 'node:zlib';
import type { Configuration, Entry } from '@muster/raft';

const KINDS = ['noop', 'command', 'config'] as const satisfies readonly Entry['kind'][];
const NOTHING = new Uint8Array(0);

export interface EncodedEntry {
  readonly index: number;
  readonly term: number;
  /** Position in the list of kinds. */
  readonly kind: number;
  readonly data: Uint8Array;
}

export function kindCode(kind: Entry['kind']): number {
  return KINDS.indexOf(kind);
}

/** What an entry holds besides index, term and kind. */
export function encodeEntry(entry: Entry): Uint8Array {
  switch (entry.kind) {
    case 'noop':
      return NOTHING;
    case 'command':
      return entry.data;
    case 'config':
      return new TextEncoder().encode(JSON.stringify(entry.config));
  }
}

/** Throws on a kind that this build does not know. */
export function decodeEntry({ index, term, kind, data }: EncodedEntry): Entry {
  const name = KINDS[kind];
  if (name === undefined) throw new Error(`entry ${index} is of kind ${kind}, which this build does not know: start the build that wrote it`);
  switch (name) {
    case 'noop':
      return { kind: name, index, term };
    case 'command':
      return { kind: name, index, term, data };
    case 'config':
      return { kind: name, index, term, config: JSON.parse(new TextDecoder().decode(data)) as Configuration };
  }
}

/** CRC-32 of `data`, continued from `before`. */
export function checksumOf(data: Uint8Array | string, before = 0): number {
  return crc32(data, before);
}
