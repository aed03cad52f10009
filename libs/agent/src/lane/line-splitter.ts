/** Cuts a stream of bytes into lines, with a limit on what is kept of an unfinished one. */
const NEW_LINE = 10;

export class LineSplitter {
  private parts: Buffer[] = [];
  private byteCount = 0;

  /** Longest line, its end included. Bytes. */
  constructor(private readonly lineBytesMax: number) {}

  /** The lines that this piece completes, or null when one is too long: what follows cannot be read then. */
  push(piece: Buffer): string[] | null {
    const lines: string[] = [];
    let from = 0;
    for (let end = piece.indexOf(NEW_LINE); end !== -1; end = piece.indexOf(NEW_LINE, from)) {
      this.keep(piece.subarray(from, end));
      if (this.byteCount >= this.lineBytesMax) return null;
      lines.push(Buffer.concat(this.parts).toString('utf8'));
      this.parts = [];
      this.byteCount = 0;
      from = end + 1;
    }
    this.keep(piece.subarray(from));
    return this.byteCount >= this.lineBytesMax ? null : lines;
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return;
    this.parts.push(part);
    this.byteCount += part.length;
  }
}
