/**
 * Frames of the embedded bus: how bytes on the socket become messages, and which bytes are refused.
 *
 * `u32 length | u8 kind | u32 id | u32 length of facts | facts (JSON) | records (binary)`, big endian; `length` counts
 * what follows it. Knows nothing of what the messages mean.
 */

export interface Frame {
  readonly kind: number;
  /** Pairs an answer with its request; 0 where none is meant. */
  readonly id: number;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Bytes that are no frame: the connection cannot be trusted any more. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

const LENGTH_BYTES = 4;
const HEAD_BYTES = 9;
const NOTHING = Buffer.alloc(0);

export function encodeFrame(kind: number, id: number, facts: object, body: Uint8Array = NOTHING): Buffer {
  const json = JSON.stringify(facts);
  const jsonBytes = Buffer.byteLength(json);
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + HEAD_BYTES + jsonBytes + body.byteLength);
  frame.writeUInt32BE(frame.length - LENGTH_BYTES, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32BE(id, 5);
  frame.writeUInt32BE(jsonBytes, 9);
  frame.write(json, LENGTH_BYTES + HEAD_BYTES);
  frame.set(body, LENGTH_BYTES + HEAD_BYTES + jsonBytes);
  return frame;
}

/** Cuts a stream of chunks into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(private readonly frameBytesMax: number) {}

  /** Frames that are complete now. Throws a `FrameError` on the first one that is not a frame. */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    let needed = this.#needed();
    while (needed !== null && this.#bytes >= needed) {
      const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#bytes);
      this.#chunks = all.length > needed ? [all.subarray(needed)] : [];
      this.#bytes -= needed;
      yield decodeFrame(all.subarray(LENGTH_BYTES, needed));
      needed = this.#needed();
    }
  }

  /** Bytes of the next frame with its length, or null while that is not known. */
  #needed(): number | null {
    if (this.#bytes < LENGTH_BYTES) return null;
    if ((this.#chunks[0] as Buffer).length < LENGTH_BYTES) this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)];
    const length = (this.#chunks[0] as Buffer).readUInt32BE(0);
    if (length < HEAD_BYTES) throw new FrameError(`a frame of ${length} bytes is shorter than its own head`);
    if (length > this.frameBytesMax) throw new FrameError(`a frame of ${length} bytes, at most ${this.frameBytesMax} are taken`);
    return LENGTH_BYTES + length;
  }
}

function decodeFrame(bytes: Buffer): Frame {
  const jsonBytes = bytes.readUInt32BE(5);
  if (HEAD_BYTES + jsonBytes > bytes.length) throw new FrameError(`facts of ${jsonBytes} bytes do not fit a frame of ${bytes.length}`);
  let facts: unknown;
  try {
    facts = JSON.parse(bytes.toString('utf8', HEAD_BYTES, HEAD_BYTES + jsonBytes));
  } catch (error) {
    throw new FrameError('the facts of a frame are not JSON', { cause: error });
  }
  if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) throw new FrameError('the facts of a frame are not an object');
  return { kind: bytes.readUInt8(0), id: bytes.readUInt32BE(1), facts: facts as Record<string, unknown>, body: bytes.subarray(HEAD_BYTES + jsonBytes) };
}
