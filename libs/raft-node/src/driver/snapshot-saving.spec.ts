/** In which order a snapshot is written, and who is told when. */
import { PART_BYTES } from '../store/snapshot-parts.js';
import { SnapshotSaving } from './snapshot-saving.js';

const ofParts = (parts: number): Uint8Array => new Uint8Array(parts * PART_BYTES + 1);

function saving(sweeps = 0) {
  const done: string[] = [];
  let garbage = sweeps;
  const it = new SnapshotSaving({
    stage: (index, part, bytes) => void done.push(`stage ${index}.${part} ${bytes.byteLength === PART_BYTES ? 'whole' : bytes.byteLength}`),
    finish: (index) => void done.push(`finish ${index}`),
    sweep: () => {
      done.push('sweep');
      garbage -= 1;
      return garbage > 0;
    },
    saved: (id) => void done.push(`saved ${id}`),
  });
  const rest = (): string[] => {
    while (it.step());
    return done.splice(0);
  };
  return { it, done, rest };
}

test('a small one is written in one step', () => {
  const { it, done } = saving();
  expect(it.save({ id: 1, index: 5, data: new Uint8Array(3) })).toBe(true);
  it.step();
  expect(done).toEqual(['finish 5', 'saved 1']);
});

test('a large one is staged part after part, counts when it is complete, and what is left of others goes last', () => {
  const { it, rest } = saving(2);
  it.save({ id: 1, index: 5, data: ofParts(3) });
  expect(rest()).toEqual(['stage 5.1 whole', 'stage 5.2 whole', 'stage 5.3 1', 'finish 5', 'saved 1', 'sweep', 'sweep']);
  expect(it.step()).toBe(false);
});

test('one that comes meanwhile waits for its turn, and the latest takes the place of those that wait', () => {
  const { it, rest } = saving();
  it.save({ id: 1, index: 5, data: ofParts(1) });
  it.step();
  expect([it.save({ id: 2, index: 6, data: ofParts(1) }), it.save({ id: 3, index: 7, data: ofParts(0) })]).toEqual([false, false]);
  expect(rest()).toEqual(['stage 5.1 1', 'finish 5', 'saved 1', 'finish 7', 'saved 2', 'saved 3', 'sweep']);
});

test('one that comes while others are swept is not swept with them', () => {
  const { it, done, rest } = saving(5);
  it.save({ id: 1, index: 5, data: ofParts(0) });
  it.step();
  it.step();
  expect(it.save({ id: 2, index: 6, data: ofParts(1) })).toBe(false);
  done.length = 0;
  expect(rest().slice(0, 4)).toEqual(['stage 6.1 1', 'finish 6', 'saved 2', 'sweep']);
});

test('what a crash has left is swept without a snapshot of our own, and one that comes meanwhile goes first', () => {
  const { it, rest } = saving(2);
  expect([it.sweep(), it.sweep()]).toEqual([true, false]);
  expect(it.save({ id: 1, index: 5, data: ofParts(1) })).toBe(false);
  expect(rest()).toEqual(['stage 5.1 1', 'finish 5', 'saved 1', 'sweep', 'sweep']);
});
