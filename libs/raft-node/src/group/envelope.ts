/** How entries and snapshots tell what is the directory's from what is the application's. Pure. */
import type { Configuration, Restored } from '@muster/raft';
import { type Directory, type DirectoryCommand, directoryOf, type Newcomer } from './directory.js';

export type Enveloped = { readonly kind: 'application'; readonly data: Uint8Array } | { readonly kind: 'directory'; readonly command: DirectoryCommand };

export interface GroupState {
  readonly directory: Directory;
  /** Null before the application had any. */
  readonly application: Uint8Array | null;
}

const APPLICATION = 0;
const DIRECTORY = 1;
const HEAD_BYTES = 5;

export function applicationEntry(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + data.byteLength);
  bytes[0] = APPLICATION;
  bytes.set(data, 1);
  return bytes;
}

export function directoryEntry(command: DirectoryCommand): Uint8Array {
  return Buffer.concat([Uint8Array.of(DIRECTORY), Buffer.from(JSON.stringify(command))]);
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
  throw new Error(`an entry begins with ${tag ?? 'nothing'}, and this build knows ${APPLICATION} and ${DIRECTORY}: run the same build everywhere`);
}

/** Length of the directory, whether there is more, the directory, the state of the application. */
export function sealSnapshot({ directory, application }: GroupState): Uint8Array {
  const text = Buffer.from(JSON.stringify(directory));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(text.byteLength, 0);
  head.writeUInt8(application === null ? 0 : 1, 4);
  return Buffer.concat([head, text, application ?? new Uint8Array(0)]);
}

export function openSnapshot(data: Uint8Array): GroupState {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.byteLength < HEAD_BYTES) throw new Error(`a snapshot of ${bytes.byteLength} bytes is none of a coordinator`);
  const end = HEAD_BYTES + bytes.readUInt32BE(0);
  if (end > bytes.byteLength) throw new Error(`a snapshot of ${bytes.byteLength} bytes ends before its directory does, at ${end}`);
  const directory = JSON.parse(bytes.subarray(HEAD_BYTES, end).toString('utf8')) as Directory;
  return { directory, application: bytes.readUInt8(4) === 0 ? null : data.subarray(end) };
}

/**
 * What each founder writes, all the same. As a snapshot of entry 1, which nobody holds, so that members who join later get the directory as
 * well; in term 1, in which nobody can lead, since the first election is for term 2.
 */
export function foundingState(members: readonly Newcomer[]): Restored {
  const config: Configuration = { voters: members.map(({ nodeId }) => nodeId).toSorted(), outgoing: [], learners: [] };
  const data = sealSnapshot({ directory: directoryOf(members), application: null });
  return { hard: { term: 1, votedFor: null, commit: 1 }, snapshot: { index: 1, term: 1, config, data }, entries: [] };
}
