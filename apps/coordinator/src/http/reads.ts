/**
 * How sure an answer about the cluster is, as it was asked for: what is known here, what the leader knows, or nothing missing that anybody
 * was told before. Says with each answer which log index, term and age it stands for, and who gave it.
 */
import { type Consistency, CONSISTENCIES, consistencySchema, READ_HEADERS } from '@muster/contracts';
import { AppError } from '@muster/observability';
import type { AtLeader } from './at-leader.js';
import { type Asked, queryOf } from './asked.js';
import type { RaftControl } from './raft-control.js';

/** What an answer stands for. */
export interface Stamp {
  readonly consistency: Consistency;
  /** Everything up to this index of the log is in it. */
  readonly index: number;
  readonly term: number;
  /** Time since what it says was surely so; null when this coordinator was never in touch with the group. Milliseconds. */
  readonly ageMs: number | null;
  readonly servedBy: string;
}

export class Reads {
  constructor(
    private readonly raft: RaftControl,
    /** Index of the latest entry that the membership has. */
    private readonly appliedIndex: () => number,
    private readonly atLeader: AtLeader,
  ) {}

  /** `view` is called at once after the answer is settled to be from here: what it reads is at least as new as its stamp says. */
  async answer<T>(asked: Asked, view: (stamp: Stamp) => T, unasked: Consistency = 'stale'): Promise<T> {
    const consistency = consistencyOf(asked, unasked);
    const here = (readIndex?: number): T => view(this.stamp(asked, consistency, readIndex));
    switch (consistency) {
      case 'stale':
        return here();
      case 'leader':
        return this.atLeader.perform(asked, () => here());
      case 'linearizable':
        return here(await this.atLeader.readIndex(asked));
    }
  }

  /** For streams, which tell what becomes known here as it does. */
  refuseSurer(asked: Asked): void {
    const consistency = consistencyOf(asked, 'stale');
    if (consistency !== 'stale') throw new AppError('QUERY_INVALID', `consistency is '${consistency}': a stream tells what this coordinator learns, when it does; leave it out, or ask for a single answer`, { statusCode: 400 });
  }

  /** The stamp of what is said here now, as headers of the answer too. */
  stamp(asked: Asked, consistency: Consistency, readIndex?: number): Stamp {
    const { term, appliedIndex, contactAgeMs, nodeId } = this.raft.status();
    // The status is a moment old; the state itself is not.
    const index = Math.max(appliedIndex, this.appliedIndex(), readIndex ?? 0);
    const ageMs = readIndex === undefined ? contactAgeMs : 0;
    asked.tell(READ_HEADERS.index, String(index));
    asked.tell(READ_HEADERS.term, String(term));
    if (ageMs !== null) asked.tell(READ_HEADERS.ageMs, String(Math.round(ageMs)));
    asked.tell(READ_HEADERS.servedBy, nodeId);
    return { consistency, index, term, ageMs, servedBy: nodeId };
  }
}

function consistencyOf(asked: Asked, unasked: Consistency): Consistency {
  const text = queryOf(asked, 'consistency');
  if (text === null || text === '') return unasked;
  const parsed = consistencySchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new AppError('QUERY_INVALID', `consistency is '${text.slice(0, 40)}': give one of ${CONSISTENCIES.join(', ')}`, { statusCode: 400 });
}
