/**
 * A command of the application that is too large for one entry, put together again from the entries that hold its parts. Pure, and the same everywhere:
 * what is agreed on is the order of the parts, and the command counts at the place of its last one.
 *
 * One at a time. A leader proposes the parts in their order; when they do not come so, because it was replaced or could not go on, the command is
 * lost as a whole. What was kept of it goes with the part that does not follow, when the next one begins, or with the first entry of another term.
 */
export interface Part {
  /** Of the command, made up by who proposed it. */
  readonly id: string;
  readonly part: number;
  /** Parts in all. */
  readonly of: number;
  readonly bytes: Uint8Array;
}

export interface Assembly {
  readonly id: string;
  readonly term: number;
  readonly of: number;
  readonly parts: readonly Uint8Array[];
}

export type Assembled =
  /** More is to come. */
  | { readonly kind: 'part'; readonly assembly: Assembly | null }
  /** It belongs to nothing that is being put together. */
  | { readonly kind: 'lost'; readonly assembly: Assembly | null }
  | { readonly kind: 'whole'; readonly bytes: Uint8Array };

/** One entry. Bytes. */
export const PART_BYTES = 256 * 1024;
/** A command may have so many parts: 1 GiB. Count. */
export const PARTS_MAX = 4096;

export function partsOf(id: string, data: Uint8Array): Part[] {
  const of = Math.ceil(data.byteLength / PART_BYTES);
  return Array.from({ length: of }, (_, part) => ({ id, part, of, bytes: data.subarray(part * PART_BYTES, (part + 1) * PART_BYTES) }));
}

/** A part that follows nothing: whoever gives up says so, and nothing of it is kept. */
export function abandoned({ id, of }: Part): Part {
  return { id, part: of, of, bytes: new Uint8Array(0) };
}

export function assemble(before: Assembly | null, { id, part, of, bytes }: Part, term: number): Assembled {
  const current = stillOf(before, term);
  const held = part === 0 ? { id, term, of, parts: [] } : current;
  if (held === null || held.id !== id || held.of !== of || held.parts.length !== part || of > PARTS_MAX) return { kind: 'lost', assembly: current?.id === id ? null : current };
  const parts = [...held.parts, bytes];
  return parts.length < of ? { kind: 'part', assembly: { ...held, parts } } : { kind: 'whole', bytes: Uint8Array.from(Buffer.concat(parts)) };
}

/** What is left of it when an entry of that term comes: its leader proposes no more once another one leads. */
export function stillOf(assembly: Assembly | null, term: number): Assembly | null {
  return assembly?.term === term ? assembly : null;
}
