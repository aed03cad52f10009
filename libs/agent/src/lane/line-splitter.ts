/** Cuts a stream of bytes into lines, with a limit on what is kept of an unfinished one. */
const NEW_LINE = 10;
/** Pieces of an unfinished line beyond which they become one: each weighs far more than the byte that somebody may send in it. Count. */
const PARTS_MAX = 64;

export class LineSplitter {
  private parts: Buffer[] = [];
  private byteCount = 0;

  /** Longest line, its end included. Bytes. */
  constructor(private readonly lineBytesMax: number) {}

  /** Of the unfinished line. Count. */
  get pieceCount(): number {
    return this.parts.length;
  }

  /** The lines that this piece completes, or null when one is too long: what follows cannot be read then. */
  push(piece: Buffer): string[] | null {
    const lines: string[] = [];
    let from = 0;
    for (let end = piece.indexOf(NEW_LINE); end !== -1; end = piece.indexOf(NEW_LINE, from)) {
      const last = piece.subarray(from, end);
      if (this.byteCount + last.length >= this.lineBytesMax) return null;
      lines.push((this.parts.length === 0 ? last : Buffer.concat([...this.parts, last])).toString('utf8'));
      this.parts = [];
      this.byteCount = 0;
      from = end + 1;
    }
    this.keep(piece.subarray(from));
    return this.byteCount >= this.lineBytesMax ? null : lines;
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return;
    // A piece may be a view of something larger, which would be kept with it.
    this.parts.push(Buffer.from(part));
    this.byteCount += part.length;
    if (this.parts.length > PARTS_MAX) this.parts = [Buffer.concat(this.parts)];
  }
}
