/**
 * The bytes of every format, pinned: a reader of an older or newer build meets exactly these.
 *
 * A change that turns one of these red changes the wire. Add a version instead; rewrite a file only for a format that was
 * never released: `UPDATE_GOLDEN=1` writes them, and the difference is to be read before it is committed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleBeat, sampleBrakeEvent, sampleEvent, sampleLog, sampleMember } from '../testing/samples.js';
import { type Decoded, decodeBeat, decodeClusterEvent, decodeLog, decodeMember, encodeBeat, encodeClusterEvent, encodeLog, encodeMember } from './index.js';

interface Case {
  file: string;
  bytes: Uint8Array;
  sample: unknown;
  decode: (bytes: Uint8Array) => Decoded<unknown>;
}

const cases: Case[] = [
  { file: 'beat.v1.json', bytes: encodeBeat(sampleBeat), sample: sampleBeat, decode: decodeBeat },
  { file: 'member.v1.json', bytes: encodeMember(sampleMember), sample: sampleMember, decode: decodeMember },
  { file: 'cluster-event.v1.json', bytes: encodeClusterEvent(sampleEvent), sample: sampleEvent, decode: decodeClusterEvent },
  { file: 'brake-event.v1.json', bytes: encodeClusterEvent(sampleBrakeEvent), sample: sampleBrakeEvent, decode: decodeClusterEvent },
  { file: 'log-record.v1.json', bytes: encodeLog(sampleLog), sample: sampleLog, decode: decodeLog },
];

describe.each(cases)('$file', ({ file, bytes, sample, decode }) => {
  const path = join(import.meta.dirname, '..', 'testdata', file);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, bytes);
  const golden = readFileSync(path);

  test('encoding gives these bytes, to the last one', () => expect(Buffer.from(bytes).toString('utf8')).toBe(golden.toString('utf8')));
  test('these bytes decode to the value', () => expect(decode(golden)).toEqual({ kind: 'ok', value: sample }));
});
