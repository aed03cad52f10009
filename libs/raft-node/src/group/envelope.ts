/** How entries and snapshots tell what is the directory's from what is the application's. Pure. */
import type { Configuration, Restored } from '@muster/raft';
import type { Assembly, Part } from './assembly.js';
import { type Directory, type DirectoryCommand, directoryOf, type Newcomer } from './directory.js';

export type Enveloped =
  | { readonly kind: 'application'; readonly data: Uint8Array }
  | { readonly kind: 'directory'; readonly command: DirectoryCommand }
  /** Of a command of the application. */
  | { readonly kind: 'part'; readonly part: Part };

export interface GroupState {
  readonly directory: Directory;
  /** What is there of a command whose last part has not come. */
  readonly assembly: Assembly | null;
  /** Null before the application had any. */
  readonly application: Uint8Array | null;
}

const APPLICATION = 0;
const DIRECTORY = 1;
const PART = 2;
const HEAD_BYTES = 5;
const LENGTH_BYTES = 4;
const HAS_APPLICATION = 1;
const HAS_ASSEMBLY = 2;

export function applicationEntry(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + data.byteLength);
  bytes[0] = APPLICATION;
  bytes.set(data, 1);
  return bytes;
}

export function directoryEntry(command: DirectoryCommand): Uint8Array {
  return Buffer.concat([Uint8Array.of(DIRECTORY), Buffer.from(JSON.stringify(command))]);
}

export function partEntry({ bytes, ...head }: Part): Uint8Array {
  return Buffer.concat([Uint8Array.of(PART), withLength(head), bytes]);
}

/** The entry after which only this member is left, and the stores of the others never come back. */
export function soleSurvivor(nodeId: string): Uint8Array {
  return directoryEntry({ kind: 'sole', nodeId });
}

export function openEntry(bytes: Uint8Array): Enveloped {
  const payload = bytes.subarray(1);
  const tag = bytes[0];
  if (tag === APPLICATION) return { kind: 'application', data: payload };
  if (tag === DIRECTORY) return { kind: 'directory', command: JSON.parse(Buffer.from(payload).toString('utf8')) as DirectoryCommand };
  if (tag === PART) {
    const { value, rest } = lengthened(payload);
    return { kind: 'part', part: { ...(value as Omit<Part, 'bytes'>), bytes: rest } };
  }
  throw new Error(`an entry begins with ${tag ?? 'nothing'}, and this build knows ${APPLICATION}, ${DIRECTORY} and ${PART}: run the same build everywhere`);
}

/** Length of the directory, what else there is, the directory, a command that is being put together, the state of the application. */
export function sealSnapshot({ directory, assembly, application }: GroupState): Uint8Array {
  const text = Buffer.from(JSON.stringify(directory));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(text.byteLength, 0);
  head.writeUInt8((application === null ? 0 : HAS_APPLICATION) + (assembly === null ? 0 : HAS_ASSEMBLY), 4);
  return Buffer.concat([head, text, ...(assembly === null ? [] : sealedAssembly(assembly)), application ?? new Uint8Array(0)]);
}

export function openSnapshot(data: Uint8Array): GroupState {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.byteLength < HEAD_BYTES) throw new Error(`a snapshot of ${bytes.byteLength} bytes is none of a coordinator`);
  const end = HEAD_BYTES + bytes.readUInt32BE(0);
  if (end > bytes.byteLength) throw new Error(`a snapshot of ${bytes.byteLength} bytes ends before its directory does, at ${end}`);
  const directory = JSON.parse(bytes.subarray(HEAD_BYTES, end).toString('utf8')) as Directory;
  const flags = bytes.readUInt8(4);
  const { assembly, rest } = (flags & HAS_ASSEMBLY) === 0 ? { assembly: null, rest: data.subarray(end) } : openAssembly(data.subarray(end));
  return { directory, assembly, application: (flags & HAS_APPLICATION) === 0 ? null : rest };
}

function sealedAssembly({ parts, ...head }: Assembly): Uint8Array[] {
  return [withLength({ ...head, sizes: parts.map(({ byteLength }) => byteLength) }), ...parts];
}

function openAssembly(bytes: Uint8Array): { readonly assembly: Assembly; readonly rest: Uint8Array } {
  const { value, rest } = lengthened(bytes);
  const { sizes, ...head } = value as Omit<Assembly, 'parts'> & { readonly sizes: readonly number[] };
  let offset = 0;
  const parts = sizes.map((size) => rest.subarray(offset, (offset += size)));
  return { assembly: { ...head, parts }, rest: rest.subarray(offset) };
}

function withLength(value: object): Uint8Array {
  const text = Buffer.from(JSON.stringify(value));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.byteLength);
  return Buffer.concat([length, text]);
}

function lengthened(data: Uint8Array): { readonly value: unknown; readonly rest: Uint8Array } {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const end = LENGTH_BYTES + bytes.readUInt32BE(0);
  return { value: JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end)), rest: data.subarray(end) };
}

/**
 * What each founder writes, all the same. As a snapshot of entry 1, which nobody holds, so that members who join later get the directory as
 * well; in term 1, in which nobody can lead, since the first election is for term 2.
 */
export function foundingState(members: readonly Newcomer[]): Restored {
  const config: Configuration = { voters: members.map(({ nodeId }) => nodeId).toSorted(), outgoing: [], learners: [] };
  const data = sealSnapshot({ directory: directoryOf(members), assembly: null, application: null });
  return { hard: { term: 1, votedFor: null, commit: 1 }, snapshot: { index: 1, term: 1, config, data }, entries: [] };
}
