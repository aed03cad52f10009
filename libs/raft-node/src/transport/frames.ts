/**
 * Bytes on a connection, cut into frames: length, CRC-32, content. Knows nothing of what they hold.
 *
 * Fails closed: a frame that is too long or does not match its checksum ends the connection, since nothing after it can be trusted.
 */
import { crc32 } from 'node:zlib';

const HEAD_BYTES = 8;

/** Longest frame that is taken. An append of one entry is the longest that a member sends. */
export const FRAME_BYTES_MAX = 32 * 1024 * 1024;

export class BadFrame extends Error {
  override readonly name = 'BadFrame';
}

export function frameOf(content: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + content.byteLength);
  frame.writeUInt32BE(content.byteLength, 0);
  frame.writeUInt32BE(crc32(content), 4);
  frame.set(content, HEAD_BYTES);
  return frame;
}

/** Takes bytes as they come and gives the contents of whole frames. */
export class FrameReader {
  private pieces: Buffer[] = [];
  private heldBytes = 0;

  constructor(private bytesMax: number) {}

  /** Takes longer ones from now on: whoever sends them is known. */
  trust(): void {
    this.bytesMax = FRAME_BYTES_MAX;
  }

  /** Throws `BadFrame`. */
  push(piece: Buffer): Buffer[] {
    this.pieces.push(piece);
    this.heldBytes += piece.byteLength;
    const contents: Buffer[] = [];
    for (let content = this.next(); content !== null; content = this.next()) contents.push(content);
    return contents;
  }

  private next(): Buffer | null {
    if (this.heldBytes < HEAD_BYTES) return null;
    const head = this.peek(HEAD_BYTES);
    const length = head.readUInt32BE(0);
    if (length > this.bytesMax) throw new BadFrame(`a frame of ${length} bytes, and at most ${this.bytesMax} are taken: is this a Raft port?`);
    if (this.heldBytes < HEAD_BYTES + length) return null;
    const frame = this.peek(HEAD_BYTES + length);
    this.drop(HEAD_BYTES + length);
    const content = frame.subarray(HEAD_BYTES, HEAD_BYTES + length);
    if (crc32(content) !== head.readUInt32BE(4)) throw new BadFrame(`a frame of ${length} bytes does not match its checksum`);
    return content;
  }

  /** The first bytes in one piece; joins pieces only when they do not lie in one already. */
  private peek(bytes: number): Buffer {
    const [first] = this.pieces;
    if (first !== undefined && first.byteLength >= bytes) return first;
    const joined = Buffer.concat(this.pieces);
    this.pieces = [joined];
    return joined;
  }

  private drop(bytes: number): void {
    const rest = this.peek(bytes).subarray(bytes);
    this.pieces = rest.byteLength === 0 ? this.pieces.slice(1) : [rest, ...this.pieces.slice(1)];
    this.heldBytes -= bytes;
  }
}
