/** The state machine of the simulated group: a hash of everything that it was given, in order. Two that differ anywhere differ from then on. */
import type { Entry, Snapshot } from '@muster/raft';

const HEAD_BYTES = 8;
const START = 0x811c9dc5 | 0;


export class AppliedState {
  index = 0;
  hash = START;

  apply(entry: Entry): void {
    this.index = entry.index;
    this.hash = mixed(mixed(this.hash, entry.term), contentOf(entry));
  }

  /** False when the bytes are not as they were made. */
  restore(snapshot: Snapshot | null): boolean {
    this.index = snapshot?.index ?? 0;
    this.hash = START;
    if (snapshot === null || snapshot.index === 0) return true;
    const { data } = snapshot;
    this.hash = wordAt(data, 0);
    for (let at = HEAD_BYTES; at < data.byteLength; at++) if (data[at] !== paddingAt(this.hash, at)) return false;
    return wordAt(data, 4) === snapshot.index;
  }

  /** As a snapshot holds it; `bytes` more make it as large as a real one. */
  encode(bytes: number): Uint8Array {
    const data = new Uint8Array(HEAD_BYTES + bytes);
    putWord(data, 0, this.hash);
    putWord(data, 4, this.index);
    for (let at = HEAD_BYTES; at < data.byteLength; at++) data[at] = paddingAt(this.hash, at);
    return data;
  }
}

/** A command that is told from all others. */
export function commandOf(id: number): Uint8Array {
  const data = new Uint8Array(HEAD_BYTES);
  putWord(data, 0, id);
  return data;
}

export function idOf(data: Uint8Array): number {
  return wordAt(data, 0);
}

/** A word for what an entry says. */
export function contentOf(entry: Entry): number {
  switch (entry.kind) {
    case 'command':
      return entry.data.byteLength === HEAD_BYTES ? wordAt(entry.data, 0) : bytesHash(entry.data);
    case 'config':
      return textHash(JSON.stringify(entry.config));
    case 'noop':
      return -1;
  }
}

function paddingAt(hash: number, at: number): number {
  return (hash + at) & 255;
}

function bytesHash(data: Uint8Array): number {
  let hash = 11;
  for (const byte of data) hash = mixed(hash, byte);
  return hash;
}

function textHash(text: string): number {
  let hash = 7;
  for (let at = 0; at < text.length; at++) hash = mixed(hash, text.charCodeAt(at));
  return hash;
}

function mixed(hash: number, word: number): number {
  let it = Math.imul(hash ^ word, 0x9e3779b1);
  it ^= it >>> 15;
  return Math.imul(it, 0x85ebca77) ^ (it >>> 13);
}

function wordAt(data: Uint8Array, at: number): number {
  return ((data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16) | ((data[at + 3] ?? 0) << 24)) | 0;
}

function putWord(data: Uint8Array, at: number, word: number): void {
  for (let byte = 0; byte < 4; byte++) data[at + byte] = (word >>> (8 * byte)) & 255;
}
