/** When one observer could not observe what comes by one way, as it really was. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export class Attention {
  private readonly absences: Span[] = [];
  private provenAtMs = 0;

  /** `proofMsMax`: time without proof that beats arrive after which the observer cannot be held to have seen. */
  constructor(private readonly proofMsMax: number) {}

  /** Beats reach the observer: proof that what it did not hear did not come. */
  proven(atMs: number): void {
    if (this.isBlind(atMs)) this.absent(this.provenAtMs, atMs);
    this.provenAtMs = atMs;
  }

  /** It did not observe then. Overlapping times count once. */
  absent(fromMs: number, toMs: number): void {
    let span: Span = { fromMs, toMs };
    for (let last = this.absences.at(-1); last !== undefined && last.toMs >= span.fromMs; last = this.absences.at(-1)) {
      span = { fromMs: Math.min(last.fromMs, span.fromMs), toMs: Math.max(last.toMs, span.toMs) };
      this.absences.pop();
    }
    this.absences.push(span);
  }

  /** It observes again from now on, although it was to be absent for longer. */
  back(atMs: number): void {
    while ((this.absences.at(-1)?.fromMs ?? -1) >= atMs) this.absences.pop();
    const last = this.absences.pop();
    if (last !== undefined) this.absences.push({ fromMs: last.fromMs, toMs: Math.min(last.toMs, atMs) });
  }

  /** From when on silence since `heardAtMs` may be held against a node: a short absence moves that by its length, a long one begins anew. */
  silentSince(heardAtMs: number, graceFromMs: number): number {
    let sinceMs = heardAtMs;
    for (const { fromMs, toMs } of this.absencesAfter(heardAtMs)) sinceMs = toMs - fromMs >= graceFromMs ? toMs : Math.min(toMs, sinceMs + toMs - fromMs);
    return sinceMs;
  }

  /** True when nothing proved for too long that beats reach the observer, while it ran. */
  isBlind(atMs: number): boolean {
    if (atMs - this.provenAtMs <= this.proofMsMax) return false;
    return atMs - this.provenAtMs - sum(this.sharedWith(this.provenAtMs, atMs)) > this.proofMsMax;
  }

  /** Time in which it did not observe, and how often that was. */
  absence(fromMs: number, toMs: number): { readonly ms: number; readonly count: number } {
    const shared = this.sharedWith(fromMs, toMs);
    const unprovenFromMs = Math.max(this.provenAtMs, fromMs);
    if (this.isBlind(toMs)) shared.push(Math.max(0, toMs - unprovenFromMs - sum(this.sharedWith(unprovenFromMs, toMs))));
    return { ms: sum(shared), count: shared.length };
  }

  /** How much of each absence lies between these times. */
  private sharedWith(fromMs: number, toMs: number): number[] {
    return this.absencesAfter(fromMs).map((span) => Math.min(span.toMs, toMs) - Math.max(span.fromMs, fromMs)).filter((ms) => ms > 0);
  }

  private absencesAfter(fromMs: number): readonly Span[] {
    const first = this.absences.findLastIndex(({ toMs }) => toMs <= fromMs) + 1;
    return this.absences.slice(first);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
