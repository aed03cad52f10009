import { decodeCoordinatorMessage, decodeProbeAnswer } from '@muster/contracts';
import fc from 'fast-check';
import { readCoordinatorMessage, readProbeAnswer } from './read-message.js';

const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, 1, 9, 10, 10_000, 10_001, Number.MAX_SAFE_INTEGER, 2 ** 53));
const text = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('', 'node-1', '-node', 'tcp://10.0.0.7:4000', 'tcp://[::1]:4000', 'tcp://h', 'http://h:1', 'https://h', 'ftp://h', 'http://', 'x'.repeat(513), 'accepted', 'stale', 'rejected'));
const anything = fc.oneof(number, text, fc.boolean(), fc.constant(null), fc.constant(undefined), fc.constant([]), fc.constant({}));
const likely = <T>(right: fc.Arbitrary<T>) => fc.oneof({ weight: 12, arbitrary: right as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: anything });
const nodeId = fc.constantFrom('node-1', 'a.b_c', 'x'.repeat(128));
const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const known = fc.oneof(count, fc.constant(null));
const result = fc.record({ nodeId: likely(fc.oneof(nodeId, fc.constant(null))), outcome: likely(fc.constantFrom('accepted', 'stale', 'rejected')), knownIncarnation: likely(known), reason: likely(fc.oneof(fc.string(), fc.constant(undefined))) });
const target = fc.record({ nodeId: likely(nodeId), incarnation: likely(count), probeUrl: likely(fc.constantFrom(null, 'tcp://10.0.0.7:4000', 'tcp://[::1]:1')), httpUrl: likely(fc.constantFrom(null, 'http://h:1', 'https://h')) });
const v = likely(fc.constant(1));
const message = fc.oneof(
  fc.record({ v, kind: fc.constant('welcome'), coordinatorId: likely(nodeId), knownIncarnation: likely(known) }),
  fc.record({ v, kind: fc.constant('heard'), seq: likely(count), result: likely(result) }),
  fc.record({ v, kind: fc.constant('probe'), id: likely(fc.nat()), target: likely(target), timeLimitMs: likely(fc.integer({ min: 10, max: 10_000 })) }),
  fc.record({ v, kind: fc.constant('drain'), isDraining: likely(fc.boolean()), reason: likely(fc.constantFrom('', 'maintenance', 'x'.repeat(512), 'x'.repeat(513))), index: likely(fc.oneof(fc.nat(), fc.constant(undefined))) }),
  fc.record({ v, kind: anything }),
  anything,
);

test('what a coordinator says is read as the schema of the contracts reads it, and refused where that refuses', () => {
  let soundCount = 0;
  fc.assert(
    fc.property(message, (said) => {
      const line = JSON.stringify(said) ?? 'undefined';
      const decoded = said === undefined ? null : decodeCoordinatorMessage(JSON.parse(line));
      const expected = decoded?.kind === 'ok' ? decoded.value : null;
      if (expected !== null) soundCount += 1;
      expect(readCoordinatorMessage(line)).toEqual(expected);
    }),
    { numRuns: 5000 },
  );
  expect(soundCount).toBeGreaterThan(1000);
});

test('a probe answer is read as the schema of the contracts reads it', () => {
  const answer = fc.record({ v, nodeId: likely(nodeId), incarnation: likely(count), mainLagMs: likely(fc.double({ min: 0, max: 1e6, noNaN: true })) });
  fc.assert(
    fc.property(answer, (said) => {
      const line = JSON.stringify(said);
      const decoded = decodeProbeAnswer(JSON.parse(line));
      expect(readProbeAnswer(line)).toEqual(decoded.kind === 'ok' ? decoded.value : null);
    }),
    { numRuns: 2000 },
  );
});

test.each(['', '{', 'null', '[]', '"welcome"', '{"v":1,"kind":"later"}'])('%j is nothing that is read', (line) => {
  expect(readCoordinatorMessage(line)).toBeNull();
});
