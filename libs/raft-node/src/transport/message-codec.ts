/** Raft messages as bytes: the fields as JSON, behind it what is bytes already, so that entries are not written in base 64. */
import type { Entry, Message } from '@muster/raft';
import { decodeEntry, encodeEntry, kindCode } from '../store/entry-codec.js';

/** Index, term, kind and length of an entry whose content follows the head. */
type EntryHead = readonly [index: number, term: number, kind: number, bytes: number];

const LENGTH_BYTES = 4;

export function encodeMessage(message: Message): Uint8Array {
  switch (message.kind) {
    case 'append': {
      const contents = message.entries.map(encodeEntry);
      const heads = message.entries.map((entry, position): EntryHead => [entry.index, entry.term, kindCode(entry.kind), contents[position]?.byteLength ?? 0]);
      return joined({ ...message, entries: heads }, contents);
    }
    case 'snapshot':
      return joined({ ...message, chunk: message.chunk.byteLength }, [message.chunk]);
    case 'append-reply':
    case 'heartbeat':
    case 'heartbeat-reply':
    case 'vote':
    case 'vote-reply':
    case 'snapshot-reply':
    case 'timeout-now':
    case 'read-index':
    case 'read-index-reply':
      return joined(message, []);
  }
}

/** Of what `encodeMessage` made; the sender was authenticated, and the bytes checked. */
export function decodeMessage(bytes: Buffer): Message {
  const start = LENGTH_BYTES + bytes.readUInt32BE(0);
  const head = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, start)) as { readonly kind: Message['kind']; readonly entries?: readonly EntryHead[] };
  if (head.kind === 'append') return { ...head, entries: entriesOf(head.entries ?? [], bytes.subarray(start)) } as unknown as Message;
  // Copied: a piece of a snapshot is kept, and should not keep what else came in the same read.
  if (head.kind === 'snapshot') return { ...head, chunk: Uint8Array.from(bytes.subarray(start)) } as unknown as Message;
  return head as Message;
}

function entriesOf(heads: readonly EntryHead[], bytes: Buffer): Entry[] {
  let offset = 0;
  return heads.map(([index, term, kind, length]) => {
    const data = Uint8Array.from(bytes.subarray(offset, offset + length));
    offset += length;
    return decodeEntry({ index, term, kind, data });
  });
}

function joined(head: object, contents: readonly Uint8Array[]): Uint8Array {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32BE(text.byteLength);
  return Buffer.concat([length, text, ...contents]);
}
