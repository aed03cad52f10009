/**
 * What detection says in the log: doubts of ourselves when they begin and end, verdicts that are not given, time that was not observed.
 *
 * A bus that comes back brings all its partitions within one tick: that is one line, not a dozen.
 */
import type { Logger } from '@muster/contracts';
import type { Note } from '@muster/evidence';

export class DetectionLog {
  /** Time not observed since the last tick, by partition. Milliseconds. */
  private readonly unobserved = new Map<number, number>();
  /** Partitions that brought something before: the wait for the first is no gap. */
  private readonly begun = new Set<number>();
  /** Everybody begins in doubt; only that it ends is news. */
  private isInDoubt = true;

  constructor(private readonly logger: Logger) {}

  note(note: Note): void {
    switch (note.kind) {
      case 'verdict':
      case 'replaced':
      case 'probed':
        // The change itself is logged where it is applied; probes are many, and counted.
        return;
      case 'withheld':
        return this.withheld(note);
      case 'unobserved':
        return this.notSeen(note.partition, note.unobservedMs);
      case 'rejected':
        return this.logger.debug({ member: note.nodeId, proposal: note.command, why: note.why }, 'a proposal was rejected when it was applied');
    }
  }

  /** To be called regularly, with what we doubt of ourselves now. */
  tick(doubt: string): void {
    this.tellUnobserved();
    const isInDoubt = doubt !== '';
    if (isInDoubt === this.isInDoubt) return;
    this.isInDoubt = isInDoubt;
    if (isInDoubt) this.logger.warn({}, doubt);
    else this.logger.info({}, 'beats reach this coordinator through every partition: it judges silence');
  }

  /** Brake and damping are for people to know; what only takes a moment longer is not. */
  private withheld({ nodeId, cause, detail }: Extract<Note, { kind: 'withheld' }>): void {
    const text = `no verdict about ${nodeId}: ${detail === '' ? cause : detail}`;
    if (cause === 'brake' || cause === 'damped') this.logger.info({ member: nodeId, cause }, text);
    else this.logger.debug({ member: nodeId, cause }, text);
  }

  private notSeen(partition: number | null, unobservedMs: number): void {
    if (partition === null) this.logger.warn({ unobservedMs: Math.round(unobservedMs) }, `this coordinator did not run for ${seconds(unobservedMs)} s: that time is no silence of anybody`);
    else if (!this.begun.has(partition)) this.begun.add(partition);
    else this.unobserved.set(partition, (this.unobserved.get(partition) ?? 0) + unobservedMs);
  }

  private tellUnobserved(): void {
    if (this.unobserved.size === 0) return;
    const partitions = [...this.unobserved.keys()].toSorted((a, b) => a - b);
    const longestMs = Math.max(...this.unobserved.values());
    this.unobserved.clear();
    this.logger.warn({ partitions, unobservedMs: Math.round(longestMs) }, `nothing came through ${partitions.length === 1 ? `partition ${partitions[0]}` : `${partitions.length} partitions`} of the heartbeats for ${seconds(longestMs)} s: that time is no silence of anybody`);
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1);
