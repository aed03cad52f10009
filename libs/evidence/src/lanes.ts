/** Direct lanes to us, counted per node and life: an agent that reconnects may open the next before the last is closed. */
export class Lanes {
  private readonly open = new Map<string, { readonly incarnation: number; count: number }>();

  opened(nodeId: string, incarnation: number): void {
    const known = this.open.get(nodeId);
    if (known?.incarnation === incarnation) known.count += 1;
    else this.open.set(nodeId, { incarnation, count: 1 });
  }

  /** Says whether that was the last one of that life. */
  closed(nodeId: string, incarnation: number): boolean {
    const known = this.open.get(nodeId);
    if (known?.incarnation !== incarnation) return false;
    known.count -= 1;
    if (known.count > 0) return false;
    this.open.delete(nodeId);
    return true;
  }

  has(nodeId: string): boolean {
    return this.open.has(nodeId);
  }

  nodeIds(): IterableIterator<string> {
    return this.open.keys();
  }

  get size(): number {
    return this.open.size;
  }
}
