/**
 * Cuts a stream of bytes into lines and knows where in the file each began.
 *
 * A line that is longer than the limit keeps its beginning only; its rest is passed over up to the line break. Bytes
 * of an unfinished line stay here until more arrive. Pure: reads nothing.
 */
export interface Line {
  readonly bytes: Uint8Array;
  /** Offset of the first byte in the file. */
  readonly start: number;
  /** Offset after the line break: where reading goes on when this line is done. */
  readonly end: number;
  /** True when the end of the line was cut off. */
  readonly isCut: boolean;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export class LineSplitter {
  private held: Uint8Array[] = [];
  private heldBytes = 0;
  private isCut = false;
  private lineStart: number;
  private position: number;

  constructor(
    start: number,
    private readonly lineBytesMax: number,
  ) {
    this.lineStart = start;
    this.position = start;
  }

  /** Where the next chunk must begin. */
  offset(): number {
    return this.position;
  }

  /** Takes the next chunk and returns the lines it finishes. The chunk is copied where it must be kept. */
  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(LINE_FEED, from);
      if (at === -1) break;
      this.hold(chunk.subarray(from, at));
      lines.push(this.finish(this.position + at + 1));
      from = at + 1;
    }
    this.hold(chunk.subarray(from));
    this.position += chunk.byteLength;
    return lines;
  }

  /** The unfinished line, for a file that will not grow any more. */
  flush(): Line | null {
    return this.position === this.lineStart ? null : this.finish(this.position);
  }

  private hold(bytes: Uint8Array): void {
    const room = this.lineBytesMax - this.heldBytes;
    if (bytes.byteLength > room) this.isCut = true;
    if (bytes.byteLength === 0 || room <= 0) return;
    this.held.push(Uint8Array.prototype.slice.call(bytes, 0, room));
    this.heldBytes += Math.min(room, bytes.byteLength);
  }

  private finish(end: number): Line {
    const joined = this.held.length === 1 ? this.held[0]! : Buffer.concat(this.held);
    const endsInReturn = !this.isCut && joined.at(-1) === CARRIAGE_RETURN;
    const line: Line = { bytes: endsInReturn ? joined.subarray(0, -1) : joined, start: this.lineStart, end, isCut: this.isCut };
    this.held = [];
    this.heldBytes = 0;
    this.isCut = false;
    this.lineStart = end;
    return line;
  }
}
