/**
 * Random numbers that a seed determines: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", 2018), its state filled by SplitMix32. Not for secrets.
 */
import { StateHash } from './state-hash.js';

export class SeededRandom {
  private readonly state = new Uint32Array(4);

  constructor(private readonly seed: number) {
    let mixed = seed | 0;
    for (let at = 0; at < 4; at++) {
      mixed = (mixed + 0x9e3779b9) | 0;
      let word = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
      this.state[at] = word ^ (word >>> 15);
    }
  }

  /** A generator of its own for one purpose: what one part draws does not move what others get. */
  fork(name: string): SeededRandom {
    return new SeededRandom(new StateHash().number(this.seed).text(name).uint32());
  }

  /** 0..2^32 - 1. */
  nextUint32(): number {
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = this.state;
    const result = Math.imul(rotated(Math.imul(s1, 5), 7), 9) >>> 0;
    const third = s2 ^ s0;
    const fourth = s3 ^ s1;
    this.state[0] = s0 ^ fourth;
    this.state[1] = s1 ^ third;
    this.state[2] = third ^ (s1 << 9);
    this.state[3] = rotated(fourth, 11);
    return result;
  }

  /** 0 <= it < 1. */
  next(): number {
    return this.nextUint32() / 2 ** 32;
  }

  nextInt(boundExclusive: number): number {
    return Math.floor(this.next() * boundExclusive);
  }

  between(min: number, max: number): number {
    return min + (max - min) * this.next();
  }

  chance(probability: number): boolean {
    // Nothing is drawn for what cannot happen, which keeps quiet runs fast.
    return probability > 0 && this.next() < probability;
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** Some of them, each at most once, in random order. */
  sample<T>(items: readonly T[], count: number): T[] {
    const left = [...items];
    const taken: T[] = [];
    while (taken.length < count && left.length > 0) taken.push(...left.splice(this.nextInt(left.length), 1));
    return taken;
  }
}

function rotated(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
