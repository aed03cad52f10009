/**
 * Whether the write-ahead log of a store was changed after it had been written. Pure; the file comes in as bytes.
 *
 * SQLite takes the first frame that does not match its checksum for the end of what was written: right for a write that a power cut tore, and
 * wrong for a bit that fell over later, behind which lie acknowledged entries and votes. The two are told apart by what follows: every
 * transaction is synced before the next begins, so only the last one can be torn.
 */
const HEADER_BYTES = 32;
const FRAME_HEAD_BYTES = 24;
/** The lowest bit tells the order of bytes within the words that are summed. */
const MAGIC = 0x377f0682;

type Sums = readonly [number, number];

/** Which frame is not as it was written, in words; null when nothing speaks against it. */
export function walDamage(wal: Buffer): string | null {
  if (wal.byteLength <= HEADER_BYTES) return null;
  const magic = wal.readUInt32BE(0);
  const isBigEndian = magic === MAGIC + 1;
  // The header is synced before any frame is written.
  if ((magic !== MAGIC && !isBigEndian) || !isSame(summed(wal, 0, 24, [0, 0], isBigEndian), sumsAt(wal, 24))) return 'the head of its write-ahead log';
  const frameBytes = FRAME_HEAD_BYTES + wal.readUInt32BE(8);
  let before = sumsAt(wal, 24);
  let bad: number | null = null;
  let isPastCommit = false;
  for (let at = HEADER_BYTES; at + frameBytes <= wal.byteLength; at += frameBytes) {
    // Others are what is left of a log that was saved elsewhere and begun anew.
    const isOfThisLog = wal.compare(wal, 16, 24, at + 8, at + 16) === 0;
    const stored = sumsAt(wal, at + 16);
    const isWhole = isOfThisLog && isSame(summed(wal, at + FRAME_HEAD_BYTES, at + frameBytes, summed(wal, at, at + 8, before, isBigEndian), isBigEndian), stored);
    if (!isWhole) bad ??= (at - HEADER_BYTES) / frameBytes + 1;
    else if (bad !== null && isPastCommit) return `frame ${bad} of its write-ahead log, behind which more was written`;
    if (bad !== null && isOfThisLog && wal.readUInt32BE(at + 4) !== 0) isPastCommit = true;
    before = stored;
  }
  return null;
}

function sumsAt(wal: Buffer, at: number): Sums {
  return [wal.readUInt32BE(at), wal.readUInt32BE(at + 4)];
}

function isSame(a: Sums, b: Sums): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** The checksum of SQLite's file format, section 4.2. */
function summed(wal: Buffer, from: number, to: number, [first, second]: Sums, isBigEndian: boolean): Sums {
  let [a, b] = [first, second];
  for (let at = from; at < to; at += 8) {
    a = (a + (isBigEndian ? wal.readUInt32BE(at) : wal.readUInt32LE(at)) + b) >>> 0;
    b = (b + (isBigEndian ? wal.readUInt32BE(at + 4) : wal.readUInt32LE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}
