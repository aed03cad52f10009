/** Cuts a stream of bytes into lines, none longer than it may be. */

const LINE_FEED = 0x0a;

export class LineReader {
  private waiting: Buffer[] = [];
  private waitingBytes = 0;

  constructor(private readonly lineBytesMax: number) {}

  /** The lines that ended with these bytes, without their ends; null when one grew too long: nothing can be read from then on. */
  push(bytes: Buffer): string[] | null {
    const lines: string[] = [];
    let from = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, from)) {
      if (this.waitingBytes + end + 1 - from > this.lineBytesMax) return null;
      lines.push(Buffer.concat([...this.waiting, bytes.subarray(from, end)]).toString('utf8'));
      this.waiting = [];
      this.waitingBytes = 0;
      from = end + 1;
    }
    if (from < bytes.length) {
      this.waiting.push(bytes.subarray(from));
      this.waitingBytes += bytes.length - from;
    }
    return this.waitingBytes >= this.lineBytesMax ? null : lines;
  }
}
