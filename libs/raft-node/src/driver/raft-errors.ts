/** Why something that was asked of a Raft group did not come about. */
import type { PeerId } from '@muster/raft';

/**
 * `not-leader`: ask `leaderId`. `busy`: again a little later. `refused`: never like this. `lost`: another entry took its place, it did not happen.
 * `unknown`: the time was up, or the member stopped; it may have happened or may yet.
 */
export type UnavailableCode = 'not-leader' | 'busy' | 'refused' | 'lost' | 'unknown';

export class RaftUnavailable extends Error {
  override readonly name = 'RaftUnavailable';

  constructor(
    readonly code: UnavailableCode,
    text: string,
    readonly leaderId: PeerId | null = null,
  ) {
    super(text);
  }
}
