/** What a power cut may leave behind passes; a bit that fell over behind a sync does not. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RaftStore } from './raft-store.js';
import { StoreDamaged } from './store-errors.js';
import { walDamage } from './wal-check.js';

const HEADER_BYTES = 32;
/** Not a divisor of the size of a page or frame: all kinds of bytes are met. */
const STRIDE = 211;

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'muster-wal-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Written {
  readonly path: string;
  readonly wal: Buffer;
  /** Where the log ended after each write. Bytes. */
  readonly ends: readonly number[];
}

/** As a kill leaves it: copied while the store is open. */
function written(writes: number, bytes = 500): Written {
  const live = join(folder, 'live');
  const store = RaftStore.open(live);
  const ends: number[] = [];
  for (let index = 1; index <= writes; index++) {
    store.write({ hard: { term: index, votedFor: 'a', commit: index - 1 }, snapshot: null, entries: [{ kind: 'command', index, term: index, data: new Uint8Array(bytes).fill(index) }] });
    ends.push(statSync(`${live}-wal`).size);
  }
  const path = join(folder, 'copy');
  for (const end of ['', '-wal']) cpSync(`${live}${end}`, `${path}${end}`);
  store.close();
  return { path, wal: readFileSync(`${path}-wal`), ends };
}

function flipped(wal: Buffer, at: number): Buffer {
  const changed = Buffer.from(wal);
  changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
  return changed;
}

test('a bit that fell over anywhere before the last writes is found, in head, frame or page', () => {
  const { wal, ends } = written(12);
  const end = ends.at(-3) ?? 0;
  expect(walDamage(wal)).toBeNull();
  const missed: number[] = [];
  for (let at = 0; at < end; at += at < HEADER_BYTES ? 1 : STRIDE) if (walDamage(flipped(wal, at)) === null) missed.push(at);
  expect(missed).toEqual([]);
});

test('a last write that was torn is no damage, wherever the power went: what was acknowledged before is there', () => {
  const { path, wal, ends } = written(12);
  const [before, end] = [ends.at(-2) ?? 0, ends.at(-1) ?? 0];
  expect(end).toBeGreaterThan(before);
  for (let at = before; at < end; at += STRIDE) {
    expect(walDamage(wal.subarray(0, at))).toBeNull();
    // Sectors reach the disk in any order.
    expect(walDamage(Buffer.from(wal).fill(0xff, at, Math.min(end, at + 512)))).toBeNull();
  }
  writeFileSync(`${path}-wal`, Buffer.from(wal).fill(0xff, before + 100, before + 612));
  const store = RaftStore.open(path);
  expect(store.restore()).toMatchObject({ hard: { term: 11 }, entries: { length: 11 } });
  store.close();
});

test('what is left of a log that was begun anew is no damage', () => {
  const { wal, ends } = written(130, 200_000);
  const largest = Math.max(...ends);
  // It wrote more than the file holds: it began anew at least once.
  expect(ends.filter((end, position) => end === largest && position > 0).length).toBeGreaterThan(1);
  expect(walDamage(wal)).toBeNull();
});

test('a store with such a log is not opened, and left as it is', () => {
  const { path, wal, ends } = written(12);
  const damaged = flipped(wal, (ends[5] ?? 0) - 100);
  writeFileSync(`${path}-wal`, damaged);
  expect(() => RaftStore.open(path)).toThrow(StoreDamaged);
  expect(() => RaftStore.open(path)).toThrow(/damaged \(frame \d+ of its write-ahead log, behind which more was written\).*those beside it that begin with its name/);
  expect(readFileSync(`${path}-wal`).equals(damaged)).toBe(true);
});

test('where only the log is left nothing is refused: it joins as a new member', () => {
  const { path, wal, ends } = written(12);
  writeFileSync(`${path}-wal`, flipped(wal, (ends[5] ?? 0) - 100));
  rmSync(path);
  const store = RaftStore.open(path);
  expect(store.restore().entries).toEqual([]);
  store.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
});
