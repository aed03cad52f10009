/**
 * How good the detection was, after Chen, Toueg and Aguilera ("On the quality of service of failure detectors", 2002): detection
 * time, mistake rate, mistake duration. A mistake is a process that lives, under no weather of its own, and is taken for SUSPECT
 * or DOWN.
 */
import { isLive, type MemberStatus } from '@muster/contracts';
import type { Change } from '@muster/membership';
import { type Durations, durations } from './durations.js';
import type { GroundTruth, Life } from './ground-truth.js';

export interface Figures {
  readonly nodeHours: number;
  /** From the end of the process to DOWN, by how it ended. */
  readonly processCrashToDown: Durations;
  readonly hostCrashToDown: Durations;
  /** From the end of a process to SUSPECT, or to DOWN at once. */
  readonly crashToSuspect: Durations;
  /** Processes that ended without a word and were replaced before they were DOWN. Count. */
  readonly replaced: number;
  /** From the start of a process to JOINING, and to its first HEALTHY. */
  readonly startToMember: Durations;
  readonly startToService: Durations;
  /** Changes of a member to DOWN, right or wrong. Count. */
  readonly downChanges: number;
  readonly wrongSuspects: number;
  readonly wrongSuspectsPerNodeHour: number;
  readonly wrongSuspectMs: Durations;
  readonly wrongDowns: number;
  /** From a wrong DOWN to the JOINING that takes it back. */
  readonly wrongDownMs: Durations;
  /** Nodes under a weather of their own: how they were kept out. */
  readonly impaired: { readonly nodes: number; readonly outAfterMs: Durations; readonly downChanges: number; readonly inServiceShareAfter10s: number | null };
}

interface Standing {
  status: MemberStatus;
  incarnation: number;
  sinceMs: number;
}

interface Impaired {
  readonly sinceMs: number;
  outAfterMs: number | null;
  inServiceMs: number;
}

/** After this time an impaired node ought to be out, and stay out. Milliseconds. */
const OUT_MS = 10_000;

export class QualityOfService {
  private readonly standing = new Map<string, Standing>();
  private readonly impaired = new Map<string, Impaired>();
  private readonly toDown = { process: [] as number[], host: [] as number[] };
  private readonly toSuspect: number[] = [];
  private readonly toMember: number[] = [];
  private readonly toService: number[] = [];
  private readonly suspectMs: number[] = [];
  private readonly downMs: number[] = [];
  private readonly mistakes = new Map<string, { readonly status: MemberStatus; readonly sinceMs: number }>();
  private readonly suspectedLives = new Set<Life>();
  private readonly knownLives = new Set<Life>();
  private readonly servingLives = new Set<Life>();
  private counts = { replaced: 0, downs: 0, wrongSuspects: 0, wrongDowns: 0, impairedDowns: 0 };
  private nodeMs = 0;
  private nodes = 0;
  private countedToMs = 0;

  constructor(private readonly truth: GroundTruth) {}

  /** From now on this node has a weather of its own. */
  impair(nodeId: string, atMs: number): void {
    if (!this.impaired.has(nodeId)) this.impaired.set(nodeId, { sinceMs: atMs, outAfterMs: null, inServiceMs: 0 });
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

  changed(change: Change, atMs: number): void {
    if (change.kind !== 'transition') return;
    const { nodeId, incarnation, status } = change.member;
    const before = this.standing.get(nodeId);
    if (before !== undefined) this.countService(nodeId, before, atMs);
    this.standing.set(nodeId, { status, incarnation, sinceMs: atMs });
    if (before !== undefined && incarnation > before.incarnation && isLive(before.status) && this.truth.life(nodeId, before.incarnation)?.how !== 'left') this.counts.replaced += 1;
    if (status === 'DOWN') this.counts.downs += 1;
    this.correct(nodeId, atMs);
    const life = this.truth.life(nodeId, incarnation);
    if (life === undefined) return;
    if (status === 'JOINING') noteFirst(this.knownLives, life, this.toMember, atMs);
    if (status === 'HEALTHY') noteFirst(this.servingLives, life, this.toService, atMs);
    if (status !== 'SUSPECT' && status !== 'DOWN') return;
    const impaired = this.impaired.get(nodeId);
    if (life.endedAtMs !== null) this.detected(life, life.endedAtMs, status, atMs);
    else if (impaired === undefined) this.mistaken(nodeId, status, atMs);
    else {
      impaired.outAfterMs ??= atMs - impaired.sinceMs;
      if (status === 'DOWN') this.counts.impairedDowns += 1;
    }
  }

  finish(atMs: number): Figures {
    this.running(this.nodes, atMs);
    this.mistakes.forEach((_, nodeId) => this.correct(nodeId, atMs));
    for (const [nodeId, standing] of this.standing) this.countService(nodeId, standing, atMs);
    const nodeHours = this.nodeMs / 3_600_000;
    const { replaced, downs, wrongSuspects, wrongDowns, impairedDowns } = this.counts;
    const impaired = [...this.impaired.values()];
    const watchedMs = impaired.reduce((sum, { sinceMs }) => sum + Math.max(0, atMs - sinceMs - OUT_MS), 0);
    return {
      nodeHours,
      processCrashToDown: durations(this.toDown.process),
      hostCrashToDown: durations(this.toDown.host),
      crashToSuspect: durations(this.toSuspect),
      replaced,
      startToMember: durations(this.toMember),
      startToService: durations(this.toService),
      downChanges: downs,
      wrongSuspects,
      wrongSuspectsPerNodeHour: wrongSuspects / nodeHours,
      wrongSuspectMs: durations(this.suspectMs),
      wrongDowns,
      wrongDownMs: durations(this.downMs),
      impaired: {
        nodes: impaired.length,
        outAfterMs: durations(impaired.flatMap(({ outAfterMs }) => outAfterMs ?? [])),
        downChanges: impairedDowns,
        inServiceShareAfter10s: watchedMs === 0 ? null : impaired.reduce((sum, { inServiceMs }) => sum + inServiceMs, 0) / watchedMs,
      },
    };
  }

  private detected(life: Life, endedAtMs: number, status: 'SUSPECT' | 'DOWN', atMs: number): void {
    if (!this.suspectedLives.has(life)) this.toSuspect.push(atMs - endedAtMs);
    this.suspectedLives.add(life);
    if (status === 'DOWN') this.toDown[life.how === 'host' ? 'host' : 'process'].push(atMs - endedAtMs);
  }

  private mistaken(nodeId: string, status: 'SUSPECT' | 'DOWN', atMs: number): void {
    if (status === 'DOWN') this.counts.wrongDowns += 1;
    else this.counts.wrongSuspects += 1;
    this.mistakes.set(nodeId, { status, sinceMs: atMs });
  }

  private correct(nodeId: string, atMs: number): void {
    const mistake = this.mistakes.get(nodeId);
    if (mistake === undefined) return;
    this.mistakes.delete(nodeId);
    (mistake.status === 'DOWN' ? this.downMs : this.suspectMs).push(atMs - mistake.sinceMs);
  }

  private countService(nodeId: string, { status, sinceMs }: Standing, atMs: number): void {
    const impaired = this.impaired.get(nodeId);
    if (impaired === undefined || (status !== 'HEALTHY' && status !== 'DEGRADED')) return;
    impaired.inServiceMs += Math.max(0, atMs - Math.max(sinceMs, impaired.sinceMs + OUT_MS));
  }
}

function noteFirst(seen: Set<Life>, life: Life, times: number[], atMs: number): void {
  if (seen.has(life)) return;
  seen.add(life);
  times.push(atMs - life.startedAtMs);
}
