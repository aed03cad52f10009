/** When to ask for a brake, and when to let one go: the census of who is silent, taken at most once per step. */
import type { Brake } from '@muster/contracts';
import type { Member } from '@muster/membership';
import type { AgreedView } from './rules.js';
import { type Census, census, isMass, mayRelease, whereToBrake } from './mass.js';

export interface BrakeRequest {
  readonly zone: string | null;
  readonly nodeIds: readonly string[];
  readonly reason: string;
}

/** A census is good for so long: it counts who is late, and verdicts come much later. Milliseconds. */
const CENSUS_MS = 50;

type IsSilent = (nodeId: string, stages: 'late' | 'overdue') => boolean;

export class BrakeWatch {
  private coveredNow: ReadonlySet<string> | null = null;
  private taken: { readonly atMs: number; readonly late: Census; readonly overdue: Census } | null = null;
  /** Most live members that the area of a brake had while it held: those removed meanwhile did not come back. */
  private readonly most = new Map<string | null, number>();

  /** Since when others are seen while a brake holds; Infinity while nobody is. */
  private othersSinceMs = -Infinity;

  constructor(
    private readonly membership: Pick<AgreedView, 'all' | 'brakes'>,
    private readonly fraction: number,
  ) {}

  /** The brake that a verdict about that member asks for; null when none, or when it is protected already. */
  wanted(nodeId: string, zone: string, about: 'suspect' | 'down', isSilent: IsSilent, nowMs: number): BrakeRequest | null {
    if (this.fraction >= 1) return null;
    if (this.isCovered(nodeId)) return null;
    const taken = this.census(isSilent, nowMs);
    const where = whereToBrake(about === 'down' ? taken.late : taken.overdue, zone, this.fraction);
    if (where === undefined) return null;
    const { silent, all } = where.count;
    return { zone: where.zone, nodeIds: silent, reason: `${silent.length} of ${all} members of ${where.zone === null ? 'the cluster' : where.zone} are silent at once` };
  }

  isCovered(nodeId: string): boolean {
    this.coveredNow ??= new Set(this.membership.brakes().flatMap((brake) => brake.nodeIds));
    return this.coveredNow.has(nodeId);
  }

  /** Brakes that may be let go. `isStillAway`: nothing new came of that suspect. */
  releasable(isSilent: IsSilent, isStillAway: (member: Member) => boolean, nowMs: number): readonly Brake[] {
    const brakes = this.membership.brakes();
    if (brakes.length === 0) {
      this.most.clear();
      this.othersSinceMs = -Infinity;
      return brakes;
    }
    const { late } = this.census(isSilent, nowMs);
    this.noteOthers(late, nowMs);
    const away = new Set<string>();
    for (const member of this.membership.all()) if (isStillAway(member)) away.add(member.record.nodeId);
    return brakes.filter((brake) => {
      const area = brake.zone === null ? late.cluster : (late.zones.get(brake.zone) ?? { silent: [], all: 0 });
      const most = Math.max(area.all, this.most.get(brake.zone) ?? 0);
      this.most.set(brake.zone, most);
      return mayRelease(brake, { silent: [...new Set([...area.silent, ...away])], all: area.all }, { removed: most - area.all, fraction: this.fraction });
    });
  }

  /**
   * Whether others besides ourselves are seen, and have been for that long: without that, silence under a brake proves nothing however
   * long it lasts, and when the first comes back the rest may be a moment behind.
   */
  seesOthers(isSilent: IsSilent, forMs: number, nowMs: number): boolean {
    this.noteOthers(this.census(isSilent, nowMs).late, nowMs);
    return nowMs - this.othersSinceMs >= forMs;
  }

  /** Whether a brake that was asked for is still called for. */
  stillHolds(request: { readonly nodeIds: readonly string[]; readonly zone: string | null }, isSilent: IsSilent, nowMs: number): boolean {
    this.taken = null;
    const { late } = this.census(isSilent, nowMs);
    const area = request.zone === null ? late.cluster : late.zones.get(request.zone);
    return area !== undefined && isMass(area, this.fraction);
  }

  /** Something was agreed. */
  changed(): void {
    this.taken = null;
    this.coveredNow = null;
  }

  private noteOthers({ cluster }: Census, nowMs: number): void {
    if (cluster.all - cluster.silent.length < 2) this.othersSinceMs = Infinity;
    else if (this.othersSinceMs === Infinity) this.othersSinceMs = nowMs;
  }

  private census(isSilent: IsSilent, nowMs: number): { readonly late: Census; readonly overdue: Census } {
    if (this.taken !== null && nowMs - this.taken.atMs < CENSUS_MS) return this.taken;
    const late = census(this.membership.all(), (nodeId) => isSilent(nodeId, 'late'));
    const overdue = census(this.membership.all(), (nodeId) => isSilent(nodeId, 'overdue'));
    this.taken = { atMs: nowMs, late, overdue };
    return this.taken;
  }
}
