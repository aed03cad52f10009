/** Who should lead when this leader hands over: of the voters that follow closely, the one that has most. */
import type { PeerId, RaftStatus } from '@muster/raft';

/** Null when nobody can take over at once: an heir that has to be fed first would only stop the writes. */
export function heirOf({ peers }: Pick<RaftStatus, 'peers'>, silentTicksMax: number): PeerId | null {
  const heirs = peers.filter(({ voter, state, silentTicks }) => voter && state === 'replicate' && silentTicks <= silentTicksMax);
  return heirs.toSorted((a, b) => b.match - a.match || a.silentTicks - b.silentTicks)[0]?.id ?? null;
}
