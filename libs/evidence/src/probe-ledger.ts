/** Which probes are under way, by whom, with limits; a probe that is never answered is given up. Reads no clock. */

/** Probes of our own, and probes asked of others, that are under way. Count each. */
export const UNDERWAY_MAX = 128;
/** Probes that one member is asked for at once. Count. */
const PER_MEMBER_MAX = 16;
/** Time after its limit at which a probe without an answer is given up. Milliseconds. */
const GIVEN_UP_AFTER_MS = 2000;

interface Asked {
  readonly nodeId: string;
  readonly by: string;
  readonly giveUpAtMs: number;
}

export class ProbeLedger {
  private readonly asked = new Map<string, Asked>();
  private readonly perMember = new Map<string, number>();
  private othersCount = 0;

  constructor(private readonly ownId: string) {}

  /** True when that probe may begin; then `done` must follow. */
  take(nodeId: string, by: string, limits: { readonly nowMs: number; readonly timeLimitMs: number }): boolean {
    const key = keyOf(nodeId, by);
    if (this.asked.has(key) || !this.hasRoom(by)) return false;
    this.asked.set(key, { nodeId, by, giveUpAtMs: limits.nowMs + limits.timeLimitMs + GIVEN_UP_AFTER_MS });
    this.count(by, 1);
    return true;
  }

  done(nodeId: string, by: string): void {
    if (this.asked.delete(keyOf(nodeId, by))) this.count(by, -1);
  }

  isUnderway(nodeId: string, by: string): boolean {
    return this.asked.has(keyOf(nodeId, by));
  }

  hasRoom(by: string): boolean {
    if (by === this.ownId) return this.ownRoom > 0;
    return this.othersCount < UNDERWAY_MAX && (this.perMember.get(by) ?? 0) < PER_MEMBER_MAX;
  }

  /** Probes of our own that may begin. Count. */
  get ownRoom(): number {
    return UNDERWAY_MAX - (this.asked.size - this.othersCount);
  }

  /** Gives up what was never answered; says which nodes we looked at in vain. */
  expire(nowMs: number): string[] {
    const own: string[] = [];
    for (const { nodeId, by, giveUpAtMs } of this.asked.values()) {
      if (nowMs < giveUpAtMs) continue;
      this.done(nodeId, by);
      if (by === this.ownId) own.push(nodeId);
    }
    return own;
  }

  get size(): number {
    return this.asked.size;
  }

  private count(by: string, change: 1 | -1): void {
    if (by === this.ownId) return;
    this.othersCount += change;
    const left = (this.perMember.get(by) ?? 0) + change;
    if (left === 0) this.perMember.delete(by);
    else this.perMember.set(by, left);
  }
}

function keyOf(nodeId: string, by: string): string {
  return `${by} ${nodeId}`;
}
