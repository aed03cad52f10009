/** A saved state as the text that is kept elsewhere: written in pieces over many turns, since it may be larger than everything else that is answered. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { SavedState } from '@muster/contracts';
import { takeSnapshot } from '@muster/raft-node';
import { encodePieces } from '../log/state-codec.js';

/** Read at once for a digest. Bytes. */
const DIGESTED_BYTES = 1024 * 1024;

export type SavedFacts = Omit<SavedState, 'digest' | 'state'>;

/** The JSON of a saved state. `state`: nothing in it may change while it is written. */
export async function savedDocument(facts: SavedFacts, state: object): Promise<Readable> {
  const data = await bytesOf(state);
  const head = JSON.stringify({ ...facts, digest: await digestOf(data) });
  return Readable.from([Buffer.from(`${head.slice(0, -1)},"state":`), Buffer.from(data.buffer, data.byteOffset, data.byteLength), Buffer.from('}')], { objectMode: false });
}

/** SHA-256 of its JSON. Hex. */
export async function stateDigest(state: object): Promise<string> {
  return digestOf(await bytesOf(state));
}

async function bytesOf(state: object): Promise<Uint8Array> {
  const taken = await takeSnapshot(encodePieces(state), () => false);
  return taken?.data ?? new Uint8Array(0);
}

async function digestOf(data: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < data.byteLength; offset += DIGESTED_BYTES) {
    hash.update(data.subarray(offset, offset + DIGESTED_BYTES));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return hash.digest('hex');
}
