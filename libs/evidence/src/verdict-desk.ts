/** Keeps and tells what verdicts rest on: evidence at the moment of the proposal, and what became of it. */
import type { Evidence as ShownEvidence, Why } from '@muster/contracts';
import { describeRejection, isGone, type Outcome, type SingleCommand, type SingleOutcome } from '@muster/membership';
import type { Note } from './effect.js';
import { explain } from './explain.js';
import type { Now } from './input.js';
import type { Pending } from './proposals.js';
import type { Attempt } from './refusals.js';
import type { ObserverOptions } from './rules.js';
import type { Seen } from './seen.js';
import type { Withheld } from './sight.js';
import { VerdictMemory } from './verdict-memory.js';
import type { Watch } from './watch.js';

interface Drafted {
  readonly evidence: ShownEvidence;
  readonly observers: readonly string[];
}

interface Refusal {
  readonly attempt: Attempt;
  readonly why: string;
}

type VerdictCommand = Extract<SingleCommand, { kind: 'suspect' | 'down' }>;

export class VerdictDesk {
  private readonly memory = new VerdictMemory();
  /** Evidence behind proposals that wait, by ticket and node. */
  private readonly drafts = new Map<number, Map<string, Drafted>>();

  constructor(
    private readonly options: ObserverOptions,
    private readonly watch: Watch,
  ) {}

  proposed(pending: Pending, now: Now): void {
    const drafts = new Map<string, Drafted>();
    for (const command of pending.commands) {
      if (!isVerdict(command)) continue;
      const seen = this.watch.sightings.get(command.nodeId);
      if (seen !== undefined) drafts.set(command.nodeId, this.draft(seen, now));
    }
    if (drafts.size > 0) this.drafts.set(pending.ticket, drafts);
  }

  /** Notes what became of the commands of a ticket. */
  committed(pending: Pending, outcome: Outcome, now: Now): Note[] {
    const drafts = this.drafts.get(pending.ticket);
    this.drafts.delete(pending.ticket);
    const notes: Note[] = [];
    for (const [place, command] of pending.appended.entries()) {
      const single = outcomeAt(outcome, place);
      if (single?.kind === 'rejected') notes.push({ kind: 'rejected', nodeId: 'nodeId' in command ? command.nodeId : null, command: command.kind, why: describeRejection(single.rejection) });
      if (single?.kind !== 'changed' || single.change.kind !== 'transition') continue;
      const { change } = single;
      const wasInService = change.from !== null && !isGone(change.from) && change.from !== 'LEAVING';
      if (command.kind === 'join' && wasInService) notes.push({ kind: 'replaced', nodeId: command.nodeId });
      if (!isVerdict(command)) continue;
      const status = command.kind === 'down' ? 'DOWN' : 'SUSPECT';
      notes.push({ kind: 'verdict', nodeId: command.nodeId, status, class: classOf(command), silenceMs: command.silenceMs, commitMs: Math.max(0, now.ms - pending.atMs) });
      const drafted = drafts?.get(command.nodeId);
      if (drafted === undefined) continue;
      this.memory.keep(command.nodeId, {
        status,
        index: change.index,
        atUnixMs: command.atUnixMs,
        reason: command.reason,
        observers: [...drafted.observers],
        evidence: { ...drafted.evidence, class: classOf(command) },
      });
    }
    return notes;
  }

  dropped(ticket: number): void {
    this.drafts.delete(ticket);
  }

  /** The commands of a ticket that were refused, as they were appended, by node. */
  refused(pending: Pending, outcome: Outcome | null): ReadonlyMap<string, Refusal> {
    const refused = new Map<string, Refusal>();
    if (outcome === null) return refused;
    for (const [place, attempt] of pending.appended.entries()) {
      const single = outcomeAt(outcome, place);
      if ('seq' in attempt && single?.kind === 'rejected') refused.set(attempt.nodeId, { attempt, why: describeRejection(single.rejection) });
    }
    return refused;
  }

  why(nodeId: string, withheld: Withheld | undefined, now: Now): Why | null {
    const { membership } = this.options;
    const member = membership.member(nodeId);
    if (member === undefined) return null;
    const { record } = member;
    const seen = this.watch.sightings.get(nodeId);
    const canaryAgeMs = seen === undefined || seen.partition < 0 ? null : this.watch.doubt.canaryAgeMs(seen.partition, now.ms);
    const damping = membership.damping(nodeId, now.unixMs);
    const brake = membership.brakes().find((it) => it.nodeIds.includes(nodeId));
    const { nodeId: _, incarnation, status, reason, changedAtUnixMs, index, term, marks } = record;
    return {
      nodeId,
      incarnation,
      status,
      reason,
      changedAtUnixMs,
      index,
      term,
      marks,
      now: seen === undefined ? null : this.draft(seen, now).evidence,
      withheld: withheld === undefined ? '' : `${withheld.cause}: ${withheld.detail}`,
      doubt: seen === undefined ? this.watch.doubt.reason(now.ms) : this.watch.doubtAbout(seen, now.ms),
      canary: seen === undefined || canaryAgeMs === null ? null : { partition: seen.partition, ageMs: Math.max(0, canaryAgeMs) },
      damping: { penalty: damping.penalty, suppressAt: membership.rules.flapSuppress, reuseBelow: membership.rules.flapReuse, untilUnixMs: damping.untilUnixMs },
      brake: brake?.reason ?? '',
      lastVerdict: this.memory.get(nodeId),
    };
  }

  forget(nodeId: string): void {
    this.memory.forget(nodeId);
  }

  private draft(seen: Seen, now: Now): Drafted {
    const { watch } = this;
    const sight = watch.sight(seen, now.ms);
    const finding = watch.finding(seen, sight, now.ms);
    const member = this.options.membership.member(seen.nodeId);
    const shown = { sight, finding, member, trouble: watch.questions.get(seen.nodeId), mainLagMs: watch.mainLagMs(seen, now.ms), hungTimeoutMs: this.options.rules.hungTimeoutMs, lane: watch.laneOf(seen.nodeId) };
    const observers = finding.kind === 'well' || finding.kind === 'unsure' || finding.observers.length === 0 ? [this.options.nodeId] : finding.observers;
    return { evidence: explain(watch.sightings.detectors, shown, now.ms), observers };
  }
}

function isVerdict(command: SingleCommand): command is VerdictCommand {
  return command.kind === 'suspect' || command.kind === 'down';
}

function classOf(command: VerdictCommand): ShownEvidence['class'] {
  if (command.kind === 'down') return command.failure;
  return command.cause === 'stalled' ? 'stalled' : 'unreachable';
}

function outcomeAt(outcome: Outcome, place: number): SingleOutcome | undefined {
  if (outcome.kind === 'many') return outcome.outcomes[place];
  return place === 0 ? outcome : undefined;
}
