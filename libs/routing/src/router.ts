/**
 * Chooses which member of one service gets the next request.
 *
 * Two members are drawn by weight and the one with less work per weight is taken, which spreads load without
 * herding. Members of the caller's zone come first while they have room. Under a brake the agreed view is not enough: what
 * this caller lived through with a member decides. Pure: time and draws are parameters, and the caller reports what became
 * of each request.
 */
import { type Candidate, type Tier, tierOf, TIERS, weightOf } from './candidate.js';
import { type Random, ROUTING_DEFAULTS, type RoutingConfig } from './config.js';
import { MemberRecord, type Outcome } from './member-record.js';

export interface ChooseRequest {
  readonly nowMs: number;
  /** Zone of the caller; null: no preference. */
  readonly zone: string | null;
  /** Members that this request has been tried on. */
  readonly tried: ReadonlySet<string>;
  /** The view is so old that members it calls DOWN may have come back. */
  readonly isViewStale: boolean;
}

export type Choice =
  | { readonly kind: 'member'; readonly nodeId: string; readonly incarnation: number; readonly tier: Tier }
  /** `tried`: members that were left out because this request has been tried on them. */
  | { readonly kind: 'nobody'; readonly known: number; readonly tried: number };

interface Weighted {
  readonly candidate: Candidate;
  readonly record: MemberRecord;
  readonly weight: number;
}

const DRAW_STEPS = 2 ** 30;

export class Router {
  private candidates: readonly Candidate[] = [];
  private braked: ReadonlySet<string> = new Set();
  private readonly records = new Map<string, MemberRecord>();

  constructor(private readonly config: RoutingConfig = ROUTING_DEFAULTS) {}

  /** Takes a new view; `braked` are those that a brake protects. What was lived through with a member is kept until it restarts or goes. */
  update(members: readonly Candidate[], braked: ReadonlySet<string> = new Set()): void {
    this.candidates = members;
    this.braked = braked;
    const present = new Map(members.map((member) => [member.nodeId, member.incarnation]));
    for (const [nodeId, record] of this.records) if (present.get(nodeId) !== record.incarnation) this.records.delete(nodeId);
  }

  choose(request: ChooseRequest, random: Random): Choice {
    const untried = this.candidates.filter((candidate) => !request.tried.has(candidate.nodeId));
    const tiers = this.byTier(untried, request.nowMs);
    for (const tier of TIERS) {
      if (tier === 'down' && !request.isViewStale) break;
      const inTier = tiers.get(tier) ?? [];
      // What is left of a zone that fell silent must not be overrun while most of the silent ones may be well.
      const isOverrun = tier === 'routable' && !inTier.some((one) => this.hasRoom(one));
      const chosen = this.drawTwo(this.preferZone(isOverrun ? [...inTier, ...(tiers.get('braked') ?? [])] : inTier, request.zone), random);
      if (chosen !== null) return { kind: 'member', nodeId: chosen.nodeId, incarnation: chosen.incarnation, tier: isOverrun && chosen.status === 'SUSPECT' ? 'braked' : tier };
    }
    return { kind: 'nobody', known: this.candidates.length, tried: this.candidates.length - untried.length };
  }

  /** A request is on its way to the member. */
  started(nodeId: string): void {
    this.recordOf(nodeId)?.started();
  }

  /** What became of it. A report on an earlier incarnation is of no use any more. */
  finished(report: { readonly nodeId: string; readonly incarnation: number; readonly outcome: Outcome; readonly nowMs: number }): void {
    const record = this.records.get(report.nodeId);
    if (record?.incarnation === report.incarnation) record.finished(report.outcome, report.nowMs, this.config);
  }

  /**
   * Members left alone for now on our own evidence: of N routable ones at most floor((N-1)/2), so never one of two and
   * never the last. When more deserve it, those that deserve it longest.
   */
  ejected(nowMs: number): ReadonlySet<string> {
    const routable = this.candidates.filter((candidate) => tierOf(candidate) === 'routable');
    const deserving = routable
      .map((candidate) => ({ nodeId: candidate.nodeId, untilMs: this.ejectionEndMs(candidate) }))
      .filter(({ untilMs }) => untilMs > nowMs)
      .sort((one, other) => other.untilMs - one.untilMs || (one.nodeId < other.nodeId ? -1 : 1));
    return new Set(deserving.slice(0, Math.floor((routable.length - 1) / 2)).map(({ nodeId }) => nodeId));
  }

  private byTier(candidates: readonly Candidate[], nowMs: number): ReadonlyMap<Tier, readonly Weighted[]> {
    const ejected = this.ejected(nowMs);
    const tiers = new Map<Tier, Weighted[]>();
    for (const candidate of candidates) {
      const tier = ejected.has(candidate.nodeId) ? 'ejected' : this.standing(candidate, nowMs);
      if (tier === null) continue;
      const inTier = tiers.get(tier) ?? [];
      inTier.push(this.weigh(candidate));
      tiers.set(tier, inTier);
    }
    return tiers;
  }

  /**
   * A brake protects from the coordinators' doubt, not from failures of our own: a silent member whose connections fail too is as
   * suspect as any. No limit as for the routable ones: two independent witnesses agree.
   */
  private standing(candidate: Candidate, nowMs: number): Tier | null {
    const tier = tierOf(candidate, this.braked.has(candidate.nodeId));
    return tier === 'braked' && this.ejectionEndMs(candidate) > nowMs ? 'suspect' : tier;
  }

  private ejectionEndMs({ nodeId }: Candidate): number {
    return this.records.get(nodeId)?.wantsEjectionUntilMs() ?? Number.NEGATIVE_INFINITY;
  }

  private hasRoom({ record, weight }: Weighted): boolean {
    return record.inflight < Math.max(1, this.config.zoneInflightMax * weight);
  }

  private preferZone(all: readonly Weighted[], zone: string | null): readonly Weighted[] {
    if (zone === null) return all;
    const near = all.filter((one) => one.candidate.zone === zone && this.hasRoom(one));
    // The zone is judged by its best member: those that just joined or do badly keep their small share within it.
    return bestWeight(near) >= this.config.zoneWeightShareMin * bestWeight(all) ? near : all;
  }

  private weigh(candidate: Candidate): Weighted {
    const record = this.records.get(candidate.nodeId) ?? new MemberRecord(candidate.incarnation);
    return { candidate, record, weight: weightOf(candidate) * record.trust() };
  }

  /** Equal load leaves the first draw in place: an idle cluster is used in proportion to weight. */
  private drawTwo(weighted: readonly Weighted[], random: Random): Candidate | null {
    const first = draw(weighted, random);
    if (first === null) return null;
    const second = draw(weighted.filter((one) => one !== first), random);
    if (second === null) return first.candidate;
    return second.record.inflight / second.weight < first.record.inflight / first.weight ? second.candidate : first.candidate;
  }

  private recordOf(nodeId: string): MemberRecord | null {
    const known = this.records.get(nodeId);
    if (known !== undefined) return known;
    const candidate = this.candidates.find((one) => one.nodeId === nodeId);
    if (candidate === undefined) return null;
    const record = new MemberRecord(candidate.incarnation);
    this.records.set(nodeId, record);
    return record;
  }
}

const bestWeight = (weighted: readonly Weighted[]): number => weighted.reduce((best, { weight }) => Math.max(best, weight), 0);

/** One of them with a chance in proportion to its weight; null of none. */
function draw(weighted: readonly Weighted[], random: Random): Weighted | null {
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  let point = (random.nextInt(DRAW_STEPS) / DRAW_STEPS) * total;
  for (const one of weighted) {
    point -= one.weight;
    if (point < 0) return one;
  }
  return weighted.at(-1) ?? null;
}
