/**
 * Random numbers that a seed determines: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", 2018), its state filled by SplitMix32. Not for secrets.
 */
import { StateHash } from './state-hash.js';

export class SeededRandom {
  // Four fields instead of an array: they are read and written for every message.
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(private readonly seed: number) {
    let mixed = seed | 0;
    const word = (): number => {
      mixed = (mixed + 0x9e3779b9) | 0;
      let it = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
      it = Math.imul(it ^ (it >>> 15), 0x735a2d97);
      return it ^ (it >>> 15);
    };
    this.a = word();
    this.b = word();
    this.c = word();
    this.d = word();
  }

  /** A generator of its own for one purpose: what one part draws does not move what others get. */
  fork(name: string): SeededRandom {
    return new SeededRandom(new StateHash().number(this.seed).text(name).uint32());
  }

  /** 0..2^32 - 1. */
  nextUint32(): number {
    const { a, b } = this;
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const third = this.c ^ a;
    const fourth = this.d ^ b;
    this.b = b ^ third;
    this.a = a ^ fourth;
    this.c = third ^ (b << 9);
    this.d = rotated(fourth, 11);
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
