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
  /** In the order in which they were asked, and by the node that they are about: there are few of each. */
  private readonly asked = new Set<Asked>();
  private readonly about = new Map<string, Asked[]>();
  private readonly perMember = new Map<string, number>();
  private othersCount = 0;

  constructor(private readonly ownId: string) {}

  /** True when that probe may begin; then `done` must follow. */
  take(nodeId: string, by: string, limits: { readonly nowMs: number; readonly timeLimitMs: number }): boolean {
    if (this.isUnderway(nodeId, by) || !this.hasRoom(by)) return false;
    const asked: Asked = { nodeId, by, giveUpAtMs: limits.nowMs + limits.timeLimitMs + GIVEN_UP_AFTER_MS };
    this.asked.add(asked);
    const others = this.about.get(nodeId);
    if (others === undefined) this.about.set(nodeId, [asked]);
    else others.push(asked);
    this.count(by, 1);
    return true;
  }

  done(nodeId: string, by: string): void {
    const about = this.about.get(nodeId);
    const asked = about?.find((it) => it.by === by);
    if (about === undefined || asked === undefined) return;
    if (about.length === 1) this.about.delete(nodeId);
    else about.splice(about.indexOf(asked), 1);
    this.asked.delete(asked);
    this.count(by, -1);
  }

  isUnderway(nodeId: string, by: string): boolean {
    return this.about.get(nodeId)?.some((it) => it.by === by) === true;
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
    for (const { nodeId, by, giveUpAtMs } of this.asked) {
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
