/**
 * What the evidence against one node amounts to: from its silence, from what probes found and from what it says of its main loop.
 *
 * Knows nothing of what is agreed, of brakes and of damping. A refused connection is proof of a crash; a connection that is
 * accepted is proof of life, of a kind; silence is a question that needs others to look as well.
 */
import { AWAITED, type Finding, type Sight, WELL } from './sight.js';
import type { Trouble } from './trouble.js';

export interface JudgeRules {
  /** Longest silence of a process that exists. Milliseconds. */
  readonly failureTimeoutMs: number;
  /** How long a main loop may stand still while its process speaks. Milliseconds. */
  readonly hungTimeoutMs: number;
}

/** Everything that counts for or against one node. */
export interface Evidence {
  readonly ownId: string;
  readonly sight: Sight;
  readonly trouble: Trouble | undefined;
  /** Whether the way by which it beats brought something after its beat was due. */
  readonly isHeardThere: boolean;
  /** Our own doubt about that way, for people. */
  readonly doubt: string;
  /** How long its main loop has not moved by its own word, up to now. Milliseconds; 0 while it moves. */
  readonly mainLagMs: number;
  /** It beat in this life of ours. */
  readonly isHeardOf: boolean;
  /** It answered a probe once. */
  readonly isProbeable: boolean;
  /** Since when it is suspected; Infinity when it is not. */
  readonly suspectedAtMs: number;
  /** How long a suspicion must last before silence is confirmed. Milliseconds. */
  readonly confirmMs: number;
  /** Until when answers to the last look may still come; -Infinity when nothing is under way. */
  readonly awaitedUntilMs: number;
  /** Who was asked to look of late, seems well, and did not answer: nobody hears him, or he does not hear us. Count. */
  readonly countUnanswered: () => number;
  /** Whether that member may have an opinion now. */
  readonly isTrusted: (by: string) => boolean;
}

/** Refused probes of one observer in a row that prove a crash when the beat is late as well. Count. */
const REFUSALS_OF_ONE = 2;
/** Silent probes of our own in a row before the silence counts early. Count. */
const OWN_ROUNDS = 2;
/** What others saw longer ago is no opinion about now. Milliseconds. */
const OPINION_MS_MAX = 5000;

export function judge(evidence: Evidence, rules: JudgeRules, nowMs: number): Finding {
  const { sight, trouble, mainLagMs } = evidence;
  const crashed = trouble === undefined ? null : crash(evidence, trouble, nowMs);
  if (crashed !== null) return crashed;
  const isMissing = sight.stage !== 'alive' && sight.isBeatLate;
  if (mainLagMs > 0 && sight.stage !== 'overdue' && sight.stage !== 'silent') return frozen(mainLagMs, rules);
  if (!isMissing) return WELL;
  const accepted = trouble === undefined ? [] : observers(evidence, trouble, 'accepted', nowMs);
  const isOverdue = sight.stage !== 'late';
  // Who was not heard in this life of ours may be about to begin his own: he has his deadline.
  const counts = accepted.length > 0 && (isOverdue || evidence.isHeardOf);
  if (!counts && !isOverdue) return mainLagMs > 0 ? frozen(mainLagMs, rules) : WELL;
  if (!evidence.isHeardThere) return { kind: 'unsure', withheld: { cause: 'blind', detail: evidence.doubt } };
  if (accepted.length > 0) return stopped(sight, accepted, rules);
  return silent(evidence, rules, nowMs);
}

/** Needs no beat to be missed when two observers agree: nobody listens where it listened a moment ago. */
function crash(evidence: Evidence, trouble: Trouble, nowMs: number): Finding | null {
  const { sight } = evidence;
  const isExpected = evidence.isProbeable || sight.stage === 'overdue' || sight.stage === 'silent';
  const refusers = observers(evidence, trouble, 'refused', nowMs);
  if (!isExpected || refusers.length === 0) return null;
  const isMissing = sight.isBeatLate && (evidence.isHeardThere || trouble.laneClosedAtMs !== null);
  const isRepeated = refusers.some((by) => (trouble.opinion(by)?.inRow ?? 0) >= REFUSALS_OF_ONE);
  const isProven = refusers.length >= 2 ? trouble.laneClosedAtMs !== null || sight.isBeatLate : isRepeated && isMissing;
  if (!isProven) return null;
  const lane = trouble.laneClosedAtMs === null ? '' : 'its lane was closed, ';
  return { kind: 'crashed', observers: refusers, reason: `process is gone: ${lane}connection refused, as ${names(refusers)} saw, ${heard(sight)}` };
}

function frozen(mainLagMs: number, { hungTimeoutMs }: JudgeRules): Finding {
  const detail = `its main loop may stand still for ${seconds(hungTimeoutMs)}`;
  return { kind: 'stalled', observers: [], reason: `its main loop has not moved for ${seconds(mainLagMs)}`, withheld: mainLagMs >= hungTimeoutMs ? null : { cause: 'unconfirmed', detail, isRoutine: true } };
}

function stopped(sight: Sight, accepted: readonly string[], { failureTimeoutMs }: JudgeRules): Finding {
  const detail = `the process exists, and may be silent for ${seconds(failureTimeoutMs)}`;
  return {
    kind: 'stalled',
    observers: accepted,
    reason: `process does not run: connection accepted and not answered, as ${names(accepted)} saw, ${heard(sight)}`,
    withheld: sight.silenceMs >= failureTimeoutMs ? null : { cause: 'unconfirmed', detail, isRoutine: true },
  };
}

function silent(evidence: Evidence, { failureTimeoutMs }: JudgeRules, nowMs: number): Finding {
  const { ownId, sight, trouble } = evidence;
  const own = trouble?.opinion(ownId);
  const fresh = [...(trouble?.opinions() ?? [])].filter(([by, opinion]) => by !== ownId && nowMs - opinion.atMs <= OPINION_MS_MAX);
  // Who is late itself may well see nobody; that it sees somebody counts.
  const others = fresh.filter(([by, opinion]) => opinion.result !== 'silent' || evidence.isTrusted(by));
  const agreeing = others.filter(([, opinion]) => opinion.result === 'silent').map(([by]) => by);
  const seen = own?.result === 'silent' ? [ownId, ...agreeing] : agreeing;
  const reason = `${heard(sight)}${seen.length === 0 ? '' : `, no answer to ${names(seen)}`}`;
  const finding = { kind: 'silent', observers: seen, reason } as const;
  if (nowMs < evidence.suspectedAtMs + evidence.confirmMs) return { ...finding, withheld: { cause: 'unconfirmed', detail: `a suspicion must last for ${seconds(evidence.confirmMs)}`, isRoutine: true } };
  const detail = doubtful();
  if (detail !== '') return { ...finding, withheld: { cause: 'unconfirmed', detail } };
  // An answer that may be on its way is worth the wait, unless failure.timeoutMs ends before.
  const waitMs = evidence.awaitedUntilMs - nowMs;
  const isAwaited = waitMs > 0 && sight.silenceMs + waitMs < failureTimeoutMs;
  return { ...finding, withheld: isAwaited ? AWAITED : null };

  function doubtful(): string {
    const isAddressed = sight.profile.probeUrl !== null || sight.profile.httpUrl !== null;
    if (isAddressed && own?.result !== 'silent' && own?.result !== 'refused') return 'our own probes have not come back yet';
    if (sight.stage === 'silent') return '';
    if (own?.result !== 'silent' || own.inRow < OWN_ROUNDS) return 'our own probes were not silent twice';
    if (others.length === 0) return 'nobody else has looked: waiting for the long limit';
    if (others.length * 2 < fresh.length) return 'most of those who looked are late themselves: waiting for the long limit';
    // Those who do answer may be those who see as little as we do.
    if (evidence.countUnanswered() >= others.length) return 'most of those who were asked to look did not answer: waiting for the long limit';
    return agreeing.length * 2 > others.length ? '' : 'others do not find it silent: waiting for the long limit';
  }
}

function observers({ ownId, isTrusted }: Evidence, trouble: Trouble, result: 'refused' | 'accepted', nowMs: number): string[] {
  const found: string[] = [];
  for (const [by, opinion] of trouble.opinions()) {
    const counts = by === ownId || ((result === 'accepted' || isTrusted(by)) && nowMs - opinion.atMs <= OPINION_MS_MAX);
    if (counts && opinion.result === result) found.push(by);
  }
  return found;
}

function heard({ silenceMs, phi }: Sight): string {
  return `no heartbeat for ${seconds(silenceMs)} (phi ${phi.toFixed(1)})`;
}

function names(nodeIds: readonly string[]): string {
  return nodeIds.slice(0, 3).join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
