/**
 * How good the detection was, after Chen, Toueg and Aguilera ("On the quality of service of failure detectors", 2002): detection
 * time, mistake rate, mistake duration, by the class of what really happened.
 *
 * A mistake is a process that lives and runs, under no weather of its own, and is taken for SUSPECT or DOWN. One that stands still at
 * that moment is rightly out of service: SUSPECT of it is none, DOWN of it is, unless it stood still for as long as the settings allow.
 */
import { isLive, type MemberStatus } from '@muster/contracts';
import type { Change } from '@muster/membership';
import { type Durations, durations } from './durations.js';
import type { GroundTruth, Life } from './ground-truth.js';
import type { SimulatedNode } from './simulated-node.js';

export interface Figures {
  /** Of beats. Milliseconds. */
  readonly intervalMs: number;
  readonly nodeHours: number;
  /** From the end of the process to DOWN, by how it ended. */
  readonly processCrashToDown: Durations;
  readonly hostCrashToDown: Durations;
  /** The same for hosts whose DOWN a brake held up, because others fell silent at the same time. */
  readonly hostCrashBraked: Durations;
  /** From the end of a process to SUSPECT, or to DOWN at once. */
  readonly crashToSuspect: Durations;
  /** From when a main loop or a process stood still to SUSPECT. */
  readonly freezeToSuspect: Durations;
  /** Processes that ended without a word and were replaced before they were DOWN. Count. */
  readonly replaced: number;
  /** From the start of a process to JOINING, and to its first HEALTHY. */
  readonly startToMember: Durations;
  readonly startToService: Durations;
  /** Changes of a member to DOWN, right or wrong; and entries of the log that held some. Count. */
  readonly downChanges: number;
  readonly downEntries: number;
  readonly wrongSuspects: number;
  readonly wrongSuspectsPerNodeHour: number;
  readonly wrongSuspectMs: Durations;
  readonly wrongDowns: number;
  /** Those about nodes that were not starved. */
  readonly wrongDownsOfWell: number;
  readonly wrongDownMs: Durations;
  /** DOWN of nodes from which no way worked for a moment. Count. */
  readonly isolatedDowns: number;
  /** Brakes: from the begin of an outage to the first, from its end to the last release. */
  readonly brakes: number;
  readonly outageToBrake: Durations;
  readonly endToRelease: Durations;
  /** Nodes under a weather of their own: how they were kept out. */
  readonly impaired: { readonly nodes: number; readonly outAfterMs: Durations; /** Those that were never taken out. Count. */ readonly neverOut: number; readonly downChanges: number; readonly changesPer10MinMax: number | null; readonly inServiceShareAfter10s: number | null };
}

interface Standing {
  readonly status: MemberStatus;
  readonly incarnation: number;
  readonly isDamped: boolean;
  readonly sinceMs: number;
}

interface Impaired {
  readonly sinceMs: number;
  outAfterMs: number | null;
  inServiceMs: number;
  changes: number;
}

interface Mistake {
  readonly status: MemberStatus;
  readonly sinceMs: number;
}

/** After this time an impaired node ought to be out, and stay out. Milliseconds. */
const OUT_MS = 10_000;
const TEN_MINUTES_MS = 600_000;

export class QualityOfService {
  private readonly standing = new Map<string, Standing>();
  private readonly impaired = new Map<string, Impaired>();
  private readonly isolatedUntilMs = new Map<string, number>();
  private readonly distressed = new Set<string>();
  private readonly toDown = { process: [] as number[], host: [] as number[], braked: [] as number[] };
  private readonly toSuspect: number[] = [];
  private readonly freezes: number[] = [];
  private readonly toMember: number[] = [];
  private readonly toService: number[] = [];
  private readonly suspectMs: number[] = [];
  private readonly downMs: number[] = [];
  private readonly toBrake: number[] = [];
  private readonly toRelease: number[] = [];
  private readonly mistakes = new Map<string, Mistake>();
  private readonly suspectedLives = new Set<Life>();
  private readonly knownLives = new Set<Life>();
  private readonly servingLives = new Set<Life>();
  /** Zones with a brake, and members that one protected since they were well. */
  private readonly braked = new Set<string>();
  private readonly held = new Set<string>();
  private counts = { replaced: 0, downs: 0, downEntries: 0, wrongSuspects: 0, wrongDowns: 0, wrongDownsOfWell: 0, impairedDowns: 0, isolatedDowns: 0, brakes: 0 };
  private outageFromMs: number | null = null;
  private outageToMs: number | null = null;
  private lastDownIndex = 0;
  private nodeMs = 0;
  private nodes = 0;
  private countedToMs = 0;

  constructor(
    private readonly intervalMs: number,
    private readonly truth: GroundTruth,
    private readonly node: (nodeId: string) => SimulatedNode | undefined,
  ) {}

  /** From now on this node has a weather of its own. */
  impair(nodeId: string, atMs: number): void {
    if (!this.impaired.has(nodeId)) this.impaired.set(nodeId, { sinceMs: atMs, outAfterMs: null, inServiceMs: 0, changes: 0 });
  }

  /** No way from it works until then: what is said of it meanwhile is no mistake, for nobody could know better. */
  isolated(nodeId: string, untilMs: number): void {
    this.isolatedUntilMs.set(nodeId, Math.max(untilMs, this.isolatedUntilMs.get(nodeId) ?? 0));
  }

  isImpaired(nodeId: string): boolean {
    return this.impaired.has(nodeId);
  }

  /** Starves from now on; it counts as one of all, and not as one that is well. */
  distress(nodeId: string): void {
    this.distressed.add(nodeId);
  }

  isDistressed(nodeId: string): boolean {
    return this.distressed.has(nodeId);
  }

  /** Many fall silent together, and live. */
  outageBegins(atMs: number): void {
    this.outageFromMs = atMs;
    this.outageToMs = null;
  }

  outageEnds(atMs: number): void {
    this.outageToMs = atMs;
  }

  /** So many processes run from now on. */
  running(nodes: number, atMs: number): void {
    this.nodeMs += this.nodes * (atMs - this.countedToMs);
    this.nodes = nodes;
    this.countedToMs = atMs;
  }

  /** A process ended: a mistake about it is no mistake any more. */
  ended(nodeId: string, atMs: number): void {
    this.correct(nodeId, atMs);
  }

  changed(changes: readonly Change[], atMs: number): void {
    for (const change of changes) {
      if (change.kind === 'transition') this.moved(change, atMs);
      else if (change.kind === 'updated') this.stands(change.member, atMs);
      else if (change.kind === 'brake') this.brake(change, atMs);
    }
  }

  get wrongDowns(): number {
    return this.counts.wrongDowns;
  }

  finish(atMs: number): Figures {
    this.running(this.nodes, atMs);
    for (const nodeId of this.mistakes.keys()) this.correct(nodeId, atMs);
    for (const [nodeId, standing] of this.standing) this.countService(nodeId, standing, atMs);
    const nodeHours = this.nodeMs / 3_600_000;
    const { replaced, downs, downEntries, wrongSuspects, wrongDowns, wrongDownsOfWell, impairedDowns, isolatedDowns, brakes } = this.counts;
    const impaired = [...this.impaired.values()];
    const watchedMs = impaired.reduce((sum, { sinceMs }) => sum + Math.max(0, atMs - sinceMs - OUT_MS), 0);
    const perTenMinutes = impaired.map(({ changes, sinceMs }) => changes / Math.max(1, (atMs - sinceMs) / TEN_MINUTES_MS));
    return {
      intervalMs: this.intervalMs,
      nodeHours,
      processCrashToDown: durations(this.toDown.process),
      hostCrashToDown: durations(this.toDown.host),
      hostCrashBraked: durations(this.toDown.braked),
      crashToSuspect: durations(this.toSuspect),
      freezeToSuspect: durations(this.freezes),
      replaced,
      startToMember: durations(this.toMember),
      startToService: durations(this.toService),
      downChanges: downs,
      downEntries,
      wrongSuspects,
      wrongSuspectsPerNodeHour: wrongSuspects / nodeHours,
      wrongSuspectMs: durations(this.suspectMs),
      wrongDowns,
      wrongDownsOfWell,
      wrongDownMs: durations(this.downMs),
      isolatedDowns,
      brakes,
      outageToBrake: durations(this.toBrake),
      endToRelease: durations(this.toRelease),
      impaired: {
        nodes: impaired.length,
        outAfterMs: durations(impaired.flatMap(({ outAfterMs }) => outAfterMs ?? [])),
        neverOut: impaired.filter(({ outAfterMs }) => outAfterMs === null).length,
        downChanges: impairedDowns,
        changesPer10MinMax: impaired.length === 0 ? null : Math.max(...perTenMinutes),
        inServiceShareAfter10s: watchedMs === 0 ? null : impaired.reduce((sum, { inServiceMs }) => sum + inServiceMs, 0) / watchedMs,
      },
    };
  }

  private moved({ member, from, index, failure }: Extract<Change, { kind: 'transition' }>, atMs: number): void {
    const { nodeId, incarnation, status } = member;
    const before = this.standing.get(nodeId);
    this.stands(member, atMs);
    if (status !== 'SUSPECT' && status !== 'DOWN') this.held.delete(nodeId);
    const impaired = this.impaired.get(nodeId);
    if (impaired !== undefined) impaired.changes += 1;
    if (before !== undefined && incarnation > before.incarnation && isLive(before.status) && this.truth.life(nodeId, before.incarnation)?.how !== 'left') this.counts.replaced += 1;
    if (status === 'DOWN') this.countDown(index);
    this.correct(nodeId, atMs);
    const life = this.truth.life(nodeId, incarnation);
    if (life === undefined) return;
    if (status === 'JOINING' && from !== 'SUSPECT') noteFirst(this.knownLives, life, this.toMember, atMs);
    if (status === 'HEALTHY') noteFirst(this.servingLives, life, this.toService, atMs);
    if (status !== 'SUSPECT' && status !== 'DOWN') return;
    if (life.endedAtMs !== null) return this.detected(life, life.endedAtMs, status, atMs);
    if (impaired !== undefined) {
      impaired.outAfterMs ??= atMs - impaired.sinceMs;
      if (status === 'DOWN') this.counts.impairedDowns += 1;
      return;
    }
    if (atMs < (this.isolatedUntilMs.get(nodeId) ?? 0)) {
      if (status === 'DOWN') this.counts.isolatedDowns += 1;
      return;
    }
    const stillMs = this.node(nodeId)?.main.stillMs ?? 0;
    if (status === 'SUSPECT' && stillMs > 0) this.freezes.push(stillMs);
    // That a hung process stood still for long enough is an invariant.
    else if (failure !== 'hung') this.mistaken(nodeId, status, atMs);
  }

  private stands({ nodeId, status, incarnation, marks }: { readonly nodeId: string; readonly status: MemberStatus; readonly incarnation: number; readonly marks: readonly string[] }, atMs: number): void {
    const before = this.standing.get(nodeId);
    if (before !== undefined) this.countService(nodeId, before, atMs);
    this.standing.set(nodeId, { status, incarnation, isDamped: marks.includes('damped'), sinceMs: atMs });
  }

  private countDown(index: number): void {
    this.counts.downs += 1;
    if (index !== this.lastDownIndex) this.counts.downEntries += 1;
    this.lastDownIndex = index;
  }

  private brake({ step, brake: { zone, nodeIds } }: Extract<Change, { kind: 'brake' }>, atMs: number): void {
    const name = zone ?? '';
    if (step !== 'released') for (const nodeId of nodeIds) this.held.add(nodeId);
    if (step === 'released') {
      this.braked.delete(name);
      if (this.outageToMs !== null && this.braked.size === 0) this.toRelease.push(atMs - this.outageToMs);
      return;
    }
    if (step === 'engaged') {
      this.counts.brakes += 1;
      if (this.outageFromMs !== null && this.outageToMs === null && this.braked.size === 0) this.toBrake.push(atMs - this.outageFromMs);
    }
    this.braked.add(name);
  }

  private detected(life: Life, endedAtMs: number, status: 'SUSPECT' | 'DOWN', atMs: number): void {
    if (!this.suspectedLives.has(life)) this.toSuspect.push(atMs - endedAtMs);
    this.suspectedLives.add(life);
    if (status !== 'DOWN') return;
    const which = life.how !== 'host' ? 'process' : this.held.has(life.nodeId) ? 'braked' : 'host';
    this.toDown[which].push(atMs - endedAtMs);
  }

  private mistaken(nodeId: string, status: 'SUSPECT' | 'DOWN', atMs: number): void {
    if (status === 'DOWN') {
      this.counts.wrongDowns += 1;
      if (!this.distressed.has(nodeId)) this.counts.wrongDownsOfWell += 1;
    } else this.counts.wrongSuspects += 1;
    this.mistakes.set(nodeId, { status, sinceMs: atMs });
  }

  private correct(nodeId: string, atMs: number): void {
    const mistake = this.mistakes.get(nodeId);
    if (mistake === undefined) return;
    this.mistakes.delete(nodeId);
    (mistake.status === 'DOWN' ? this.downMs : this.suspectMs).push(atMs - mistake.sinceMs);
  }

  private countService(nodeId: string, { status, isDamped, sinceMs }: Standing, atMs: number): void {
    const impaired = this.impaired.get(nodeId);
    if (impaired === undefined || isDamped || (status !== 'HEALTHY' && status !== 'DEGRADED')) return;
    impaired.inServiceMs += Math.max(0, atMs - Math.max(sinceMs, impaired.sinceMs + OUT_MS));
  }
}

function noteFirst(seen: Set<Life>, life: Life, times: number[], atMs: number): void {
  if (seen.has(life)) return;
  seen.add(life);
  times.push(atMs - life.startedAtMs);
}
