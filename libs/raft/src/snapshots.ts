/** How a follower takes a snapshot, and what its leader makes of the answers (paper, section 7). Pieces that were taken are not sent again. */
import { checksumOf } from './checksum.js';
import type { MessageOf } from './message.js';
import { fill, maybeCommit } from './replication.js';
import { hearFollower, hearLeader, type IncomingSnapshot, type State } from './state.js';

export function onSnapshot(state: State, message: MessageOf<'snapshot'>): void {
  const { log } = state;
  const { from, index, indexTerm, offset, chunk } = message;
  hearLeader(state, from);
  if (index <= log.commitIndex) return reply(state, message, { nextOffset: message.totalBytes, done: true });
  if (log.termAt(index) === indexTerm) {
    // We have all of it as entries: nothing needs to be replaced.
    log.commitTo(index);
    return reply(state, message, { nextOffset: message.totalBytes, done: true });
  }
  const incoming = incomingFor(state, message);
  if (offset === incoming.heldBytes && (chunk.byteLength > 0 || message.totalBytes === 0)) {
    incoming.chunks.push(chunk);
    incoming.heldBytes += chunk.byteLength;
  }
  const done = incoming.heldBytes === message.totalBytes;
  if (done) {
    state.incoming = null;
    const data = joined(incoming);
    // Not what the leader has: all of it again.
    if (checksumOf(data) !== message.checksum) return reply(state, message, { nextOffset: 0, done: false });
    const snapshot = { index, term: indexTerm, config: message.config, data };
    log.restore(snapshot);
    state.received = snapshot;
  }
  reply(state, message, { nextOffset: incoming.heldBytes, done });
}

export function onSnapshotReply(state: State, { from, index, nextOffset, done }: MessageOf<'snapshot-reply'>): void {
  const progress = state.peers.get(from);
  if (state.role !== 'leader' || progress === undefined) return;
  hearFollower(state, progress);
  if (progress.state !== 'snapshot' || progress.snapshot?.index !== index) return;
  if (!done) {
    progress.snapshotOffset = nextOffset;
    progress.resume();
  } else if (progress.matched(index) && maybeCommit(state)) {
    return;
  }
  fill(state, from, progress);
}

/** What is held of this very snapshot; another one begins anew. */
function incomingFor(state: State, { from, index, indexTerm, totalBytes, checksum }: MessageOf<'snapshot'>): IncomingSnapshot {
  const held = state.incoming;
  if (held !== null && held.from === from && held.index === index && held.indexTerm === indexTerm && held.totalBytes === totalBytes && held.checksum === checksum) return held;
  state.incoming = { from, index, indexTerm, totalBytes, checksum, chunks: [], heldBytes: 0 };
  return state.incoming;
}

function joined({ chunks, totalBytes }: IncomingSnapshot): Uint8Array {
  const data = new Uint8Array(totalBytes);
  let offset = 0;
  for (const chunk of chunks) {
    data.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return data;
}

function reply(state: State, { from, index }: MessageOf<'snapshot'>, { nextOffset, done }: { readonly nextOffset: number; readonly done: boolean }): void {
  state.late.push({ kind: 'snapshot-reply', from: state.id, to: from, term: state.term, index, nextOffset, done });
}
