/**
 * Of beats that arrive together only the newest of each node teaches; how many came with it says that none was lost.
 * A later incarnation silences what an earlier one said in the same batch.
 */
import type { Beat } from '@muster/contracts';
import { arrivedLate, arrivedNow } from './arrivals.js';

/** The newest beat of a node in a batch, and how many beats of that incarnation came together. */
export interface NewestBeat {
  readonly beat: Beat;
  readonly count: number;
  /** Which of its last beats they were, one bit each, the newest lowest. Absent: the last `count`. */
  readonly came?: number;
}

/** By node, in the order in which nodes first appear. */
export function newestBeats(beats: Iterable<Beat>): ReadonlyMap<string, NewestBeat> {
  const newest = new Map<string, { beat: Beat; count: number; came: number }>();
  for (const beat of beats) {
    const kept = newest.get(beat.nodeId);
    if (kept === undefined || beat.incarnation > kept.beat.incarnation) {
      newest.set(beat.nodeId, { beat, count: 1, came: 1 });
    } else if (beat.incarnation === kept.beat.incarnation) {
      kept.count += 1;
      const newerBy = beat.seq - kept.beat.seq;
      kept.came = newerBy > 0 ? arrivedNow(kept.came, newerBy, 1) : arrivedLate(kept.came, -newerBy);
      if (newerBy > 0) kept.beat = beat;
    }
  }
  return newest;
}
