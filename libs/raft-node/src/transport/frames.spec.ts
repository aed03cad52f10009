/** Frames, messages and handshakes as bytes. */
import fc from 'fast-check';
import type { Message } from '@muster/raft';
import { BadFrame, FrameReader, frameOf } from './frames.js';
import { decodeMessage, encodeMessage } from './message-codec.js';

const head = { from: 'a', to: 'b', term: 7 };
const config = { voters: ['a', 'b'], outgoing: ['c'], learners: [] };
const messages: Message[] = [
  { ...head, kind: 'append', prevIndex: 3, prevTerm: 2, commit: 3, entries: [{ kind: 'noop', index: 4, term: 7 }, { kind: 'command', index: 5, term: 7, data: new Uint8Array([0, 255, 10]) }, { kind: 'config', index: 6, term: 7, config }, { kind: 'command', index: 7, term: 7, data: new Uint8Array(0) }] },
  { ...head, kind: 'append', prevIndex: 3, prevTerm: 2, commit: 3, entries: [] },
  { ...head, kind: 'append-reply', accepted: true, matchIndex: 9, rejectedIndex: 0, hintIndex: 0, hintTerm: 0 },
  { ...head, kind: 'heartbeat', commit: 2, round: 5 },
  { ...head, kind: 'vote', isPre: true, lastIndex: 3, lastTerm: 2, isTransfer: false },
  { ...head, kind: 'snapshot', index: 9, indexTerm: 4, config, offset: 2, totalBytes: 5, checksum: 77, chunk: new Uint8Array([1, 2, 3]) },
  { ...head, kind: 'read-index-reply', requestId: 4, index: null },
];

test.each(messages)('a message is read as it was written: $kind', (message) => {
  expect(decodeMessage(Buffer.from(encodeMessage(message)))).toEqual(message);
});

test('frames are found however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }), (contents, cuts) => {
      const bytes = Buffer.concat(contents.map(frameOf));
      const reader = new FrameReader(100);
      const read: Buffer[] = [];
      for (let offset = 0, turn = 0; offset < bytes.byteLength; turn++) {
        const size = cuts[turn % cuts.length] ?? 1;
        read.push(...reader.push(bytes.subarray(offset, offset + size)));
        offset += size;
      }
      expect(read.map((content) => [...content])).toEqual(contents.map((content) => [...content]));
    }),
  );
});

test('a byte that was changed on the way is found', () => {
  const frame = frameOf(new TextEncoder().encode('vote for me'));
  frame[12] = (frame[12] ?? 0) ^ 1;
  expect(() => new FrameReader(100).push(frame)).toThrow(BadFrame);
});

test('a frame that is too long is refused before it is read, and one that is trusted may be longer', () => {
  const frame = frameOf(new Uint8Array(200));
  expect(() => new FrameReader(100).push(frame.subarray(0, 8))).toThrow('a frame of 200 bytes, and at most 100 are taken');
  const reader = new FrameReader(100);
  reader.trust();
  expect(reader.push(frame)).toHaveLength(1);
});
