/**
 * What detection says in the log: doubts of ourselves when they begin and end, verdicts that are not given, time that was not observed.
 *
 * A bus that comes back brings all its partitions within one tick: that is one line, not a dozen. On a machine that is busy
 * gaps come again and again: they are told as spells.
 */
import type { Logger } from '@muster/contracts';
import type { Note } from '@muster/evidence';
import { CALM_MS, Spell, type SpellTold } from './spell.js';

export class DetectionLog {
  /** Time not observed since the last tick, by partition. Milliseconds. */
  private readonly unobserved = new Map<number, number>();
  /** Partitions that brought something before: the wait for the first is no gap. */
  private readonly begun = new Set<number>();
  private readonly gaps = new Spell();
  private readonly standstills = new Spell();
  /** Doubt as it was told last. Everybody begins in doubt; only that it ends is news. */
  private isInDoubt = true;
  private doubtedAtMs = -Infinity;

  constructor(private readonly logger: Logger) {}

  note(note: Note, nowMs: number): void {
    switch (note.kind) {
      case 'verdict':
      case 'replaced':
      case 'probed':
        // The change itself is logged where it is applied; probes are many, and counted.
        return;
      case 'withheld':
        return this.withheld(note);
      case 'unobserved':
        return this.notSeen(note.partition, note.unobservedMs, nowMs);
      case 'rejected':
        return this.logger.debug({ member: note.nodeId, proposal: note.command, why: note.why }, 'a proposal was rejected when it was applied');
    }
  }

  /** To be called regularly, with what we doubt of ourselves now. */
  tick(doubt: string, nowMs: number): void {
    this.tellUnobserved(nowMs);
    this.tellWhatIsOver(nowMs);
    const isInDoubt = doubt !== '';
    if (isInDoubt === this.isInDoubt) return;
    // A doubt that comes back is told again when it lasts, or when the last one is long ago.
    if (isInDoubt && nowMs - this.doubtedAtMs < CALM_MS) return;
    this.isInDoubt = isInDoubt;
    if (isInDoubt) this.doubtedAtMs = nowMs;
    if (isInDoubt) this.logger.warn({}, doubt);
    else this.logger.info({}, 'beats reach this coordinator through every partition: it judges silence');
  }

  /** Brake and damping are for people to know; what only takes a moment longer is not. */
  private withheld({ nodeId, cause, detail }: Extract<Note, { kind: 'withheld' }>): void {
    const text = `no verdict about ${nodeId}: ${detail === '' ? cause : detail}`;
    if (cause === 'brake' || cause === 'damped') this.logger.info({ member: nodeId, cause }, text);
    else this.logger.debug({ member: nodeId, cause }, text);
  }

  private notSeen(partition: number | null, unobservedMs: number, nowMs: number): void {
    if (partition === null) return this.stoodStill(unobservedMs, nowMs);
    if (!this.begun.has(partition)) this.begun.add(partition);
    else this.unobserved.set(partition, (this.unobserved.get(partition) ?? 0) + unobservedMs);
  }

  private stoodStill(unobservedMs: number, nowMs: number): void {
    const spell = this.standstills.came(unobservedMs, nowMs);
    if (spell === null) return;
    const text = spell.times === 1 ? `this coordinator did not run for ${seconds(unobservedMs)} s` : `this coordinator did not run, again and again: ${inWords(spell)}`;
    this.logger.warn({ unobservedMs: Math.round(unobservedMs), times: spell.times }, `${text}: that time is no silence of anybody`);
  }

  private tellUnobserved(nowMs: number): void {
    if (this.unobserved.size === 0) return;
    const partitions = [...this.unobserved.keys()].toSorted((a, b) => a - b);
    const longestMs = Math.max(...this.unobserved.values());
    this.unobserved.clear();
    const spell = this.gaps.came(longestMs, nowMs);
    if (spell === null) return;
    const which = partitions.length === 1 ? `partition ${partitions[0]}` : `${partitions.length} partitions`;
    const text = spell.times === 1 ? `nothing came through ${which} of the heartbeats for ${seconds(longestMs)} s` : `heartbeats come with gaps: ${inWords(spell)}, just now in ${which}`;
    this.logger.warn({ partitions, unobservedMs: Math.round(longestMs), times: spell.times }, `${text}: that time is no silence of anybody`);
  }

  private tellWhatIsOver(nowMs: number): void {
    const gaps = this.gaps.over(nowMs);
    if (gaps !== null) this.logger.info({ times: gaps.times }, `heartbeats came with gaps ${inWords(gaps)}; that is over`);
    const standstills = this.standstills.over(nowMs);
    if (standstills !== null) this.logger.info({ times: standstills.times }, `this coordinator stood still ${inWords(standstills)}; that is over`);
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1);
const inWords = ({ times, forMs, longestMs }: SpellTold): string => `${times} times within ${Math.round(forMs / 1000)} s, ${seconds(longestMs)} s at most`;
