/** The next piece of a snapshot, for a follower that needs entries which are gone. One snapshot is sent to its end, though newer ones be made. */
import { checksumOf } from './checksum.js';
import { invariant } from './invariant.js';
import type { Progress } from './progress.js';
import type { State } from './state.js';
import type { PeerId } from './types.js';

export function sendSnapshot(state: State, to: PeerId, progress: Progress): void {
  const { log, settings } = state;
  if (progress.state !== 'snapshot') {
    progress.become('snapshot');
    progress.snapshot = log.snapshot;
    progress.snapshotOffset = 0;
    progress.snapshotChecksum = log.snapshot === null ? 0 : checksumOf(log.snapshot.data);
  }
  const { snapshot, snapshotOffset: offset } = progress;
  invariant(snapshot !== null, 'what is missing from the log is in the snapshot', { to, next: progress.next, first: log.firstIndex });
  const chunk = snapshot.data.subarray(offset, offset + settings.snapshotChunkBytes);
  state.early.push({ kind: 'snapshot', from: state.id, to, term: state.term, index: snapshot.index, indexTerm: snapshot.term, config: snapshot.config, offset, totalBytes: snapshot.data.byteLength, checksum: progress.snapshotChecksum, chunk });
  progress.sentAtTick = state.ticks;
  progress.wait();
}
