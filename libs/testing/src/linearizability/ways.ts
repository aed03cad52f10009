/**
 * The ways in which one register can have gone so far, without those that could do nothing that another of them cannot.
 *
 * A way that took more reads and used up fewer of the writes whose answer was lost has every future that the other has. That, and not looking
 * at which of several such writes of one value it was, keeps their number small however long the history is and however many answers were lost.
 */

export interface Way {
  readonly value: string | null;
  /** Writes that are not answered yet and have taken effect: positions, sorted. */
  readonly writes: readonly number[];
  /** The same of reads. */
  readonly reads: readonly number[];
  /** Writes whose answer was lost and that have taken effect: how many, by value. */
  readonly used: ReadonlyMap<string | null, number>;
}

export class Ways {
  private readonly alike = new Map<string, Way[]>();
  private count = 0;

  static of(ways: Iterable<Way>): Ways {
    const all = new Ways();
    for (const way of ways) all.add(way);
    return all;
  }

  get size(): number {
    return this.count;
  }

  /** False when there is one already that can do all that this one can. */
  add(way: Way): boolean {
    const key = `${way.value === null ? '' : `=${way.value}`} ${way.writes.join(',')}`;
    const known = this.alike.get(key);
    if (known === undefined) this.alike.set(key, [way]);
    else if (known.some((other) => canAll(other, way))) return false;
    else {
      const kept = known.filter((other) => !canAll(way, other));
      this.count -= known.length - kept.length;
      this.alike.set(key, [...kept, way]);
    }
    this.count += 1;
    return true;
  }

  *[Symbol.iterator](): Iterator<Way> {
    for (const ways of this.alike.values()) yield* ways;
  }
}

/** Whether `one` has every future that `other` has, given that value and writes are the same. */
function canAll(one: Way, other: Way): boolean {
  if (!other.reads.every((read) => one.reads.includes(read))) return false;
  for (const [value, count] of one.used) if (count > (other.used.get(value) ?? 0)) return false;
  return true;
}
