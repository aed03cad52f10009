/** Reads that have their index and wait until it is applied here. Those that nobody waits for any more are forgotten by `forget`. */
export class ReadsToApply {
  private readonly idsAt = new Map<number, Set<number>>();

  add(index: number, id: number): void {
    const ids = this.idsAt.get(index);
    if (ids === undefined) this.idsAt.set(index, new Set([id]));
    else ids.add(id);
  }

  forget(index: number, id: number): void {
    const ids = this.idsAt.get(index);
    if (ids?.delete(id) === true && ids.size === 0) this.idsAt.delete(index);
  }

  /** Takes out what may be answered once everything up to `appliedIndex` is applied. */
  reached(appliedIndex: number): { readonly index: number; readonly ids: readonly number[] }[] {
    const done: { readonly index: number; readonly ids: readonly number[] }[] = [];
    for (const [index, ids] of this.idsAt) {
      if (index > appliedIndex) continue;
      done.push({ index, ids: [...ids] });
      this.idsAt.delete(index);
    }
    return done;
  }

  get size(): number {
    let size = 0;
    for (const ids of this.idsAt.values()) size += ids.size;
    return size;
  }
}
