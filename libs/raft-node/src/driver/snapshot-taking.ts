/**
 * Takes a snapshot of the state machine over several turns of the event loop, a few milliseconds each: to write out a large state at once would
 * keep the main thread from its beats and its answers. What was applied meanwhile is not in it; that is for the state machine to see to.
 */

/** The bytes of a state, piece after piece: the state as it was when they were asked for, whatever is applied while they are taken. */
export type SnapshotPieces = Iterator<Uint8Array, void, void>;

/** After so long the others have their turn. Milliseconds. */
const SLICE_MS = 5;

export interface Taken {
  readonly data: Uint8Array;
  /** Time that the thread was held, in all slices together. Milliseconds. */
  readonly heldMs: number;
}

/** `isOver`: asked between slices; null comes out once it says so. */
export async function takeSnapshot(snapshot: Uint8Array | SnapshotPieces, isOver: () => boolean): Promise<Taken | null> {
  if (snapshot instanceof Uint8Array) return { data: snapshot, heldMs: 0 };
  const pieces: Uint8Array[] = [];
  let heldMs = 0;
  for (let isDone = false; !isDone; ) {
    if (isOver()) return null;
    const startedMs = performance.now();
    do {
      const next = snapshot.next();
      if (next.done === true) isDone = true;
      else pieces.push(next.value);
    } while (!isDone && performance.now() - startedMs < SLICE_MS);
    heldMs += performance.now() - startedMs;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { data: joined(pieces), heldMs };
}

/** All of it at once. */
export function wholeSnapshot(snapshot: Uint8Array | SnapshotPieces): Uint8Array {
  if (snapshot instanceof Uint8Array) return snapshot;
  const pieces: Uint8Array[] = [];
  for (let next = snapshot.next(); next.done !== true; next = snapshot.next()) pieces.push(next.value);
  return joined(pieces);
}

/** An array of its own, because it is handed to another thread as a whole. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const data = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    data.set(piece, offset);
    offset += piece.byteLength;
  }
  return data;
}
