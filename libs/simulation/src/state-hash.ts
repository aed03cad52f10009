/**
 * A running hash of everything that happened: two runs that differ anywhere have different hashes.
 *
 * Two 32-bit multiplicative lanes with a final avalanche, in the manner of cyrb53 (bryc, public domain). Tells runs apart; proves
 * nothing against somebody who wants a collision.
 */
const floats = new Float64Array(1);
const words = new Uint32Array(floats.buffer);

export class StateHash {
  private a = 0xdeadbeef | 0;
  private b = 0x41c6ce57 | 0;

  text(text: string): this {
    for (let at = 0; at < text.length; at++) this.word(text.charCodeAt(at));
    return this.word(text.length);
  }

  number(value: number): this {
    floats[0] = value;
    return this.word(words[0] ?? 0).word(words[1] ?? 0);
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return this.digestWords()
      .map((word) => word.toString(16).padStart(8, '0'))
      .join('');
  }

  /** 32 bits of it. */
  uint32(): number {
    return this.digestWords()[0];
  }

  /** Adds 32 bits. */
  word(word: number): this {
    this.a = Math.imul(this.a ^ word, 2_654_435_761);
    this.b = Math.imul(this.b ^ word, 1_597_334_677);
    // Multiplication moves bits up only; without this the high bits of a word would be lost soon.
    this.a ^= this.a >>> 15;
    this.b ^= this.b >>> 13;
    return this;
  }

  private digestWords(): [number, number] {
    const a = Math.imul(this.a ^ (this.a >>> 16), 2_246_822_507) ^ Math.imul(this.b ^ (this.b >>> 13), 3_266_489_909);
    const b = Math.imul(this.b ^ (this.b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
    return [a >>> 0, b >>> 0];
  }
}
