/** What comes out of pieces, and who has a turn meanwhile. */
import { type SnapshotPieces, takeSnapshot, wholeSnapshot } from './snapshot-taking.js';

function* slow(count: number, eachMs: number): SnapshotPieces {
  for (let piece = 0; piece < count; piece++) {
    const endMs = performance.now() + eachMs;
    while (performance.now() < endMs);
    yield Uint8Array.of(piece, piece);
  }
}
const never = () => false;

test('pieces come out as one, in their order, at once or over many turns', async () => {
  const whole = Uint8Array.of(0, 0, 1, 1, 2, 2);
  expect(wholeSnapshot(slow(3, 0))).toEqual(whole);
  expect((await takeSnapshot(slow(3, 0), never))?.data).toEqual(whole);
  expect((await takeSnapshot(slow(3, 6), never))?.data).toEqual(whole);
  expect([wholeSnapshot(slow(0, 0)), (await takeSnapshot(slow(0, 0), never))?.data]).toEqual([new Uint8Array(0), new Uint8Array(0)]);
});

test('one that is there already is taken as it is', async () => {
  const data = Uint8Array.of(1);
  expect((await takeSnapshot(data, never))?.data).toBe(data);
  expect(wholeSnapshot(data)).toBe(data);
});

test('others have a turn after each piece that takes long, and the time is told without theirs', async () => {
  let turns = 0;
  let isDone = false;
  const others = (): void => {
    turns += 1;
    if (!isDone) setImmediate(others);
  };
  setImmediate(others);
  const taken = await takeSnapshot(slow(4, 6), never);
  isDone = true;
  expect(turns).toBeGreaterThanOrEqual(4);
  expect(taken?.heldMs).toBeGreaterThanOrEqual(24);
});

test('nobody goes on with one that is not wanted any more', async () => {
  let asked = 0;
  expect(await takeSnapshot(slow(100, 6), () => (asked += 1) > 2)).toBeNull();
  expect(asked).toBe(3);
});

test('what the state machine throws comes out', async () => {
  function* failing(): SnapshotPieces {
    yield new Uint8Array(1);
    throw new Error('it is broken');
  }
  await expect(takeSnapshot(failing(), never)).rejects.toThrow('it is broken');
});
