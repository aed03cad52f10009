import fc from 'fast-check';
import { anyBeat, anyEvent, anyLog, anyMember, sampleBeat, sampleEvent, sampleLog, sampleMember } from '../testing/samples.js';
import { BEAT_FORMAT, CLUSTER_EVENT_FORMAT, decode, type Decoded, decodeBeatJson, decodeJson, encode, type Format, LOG_FORMAT, LOG_INPUT_FORMAT, MEMBER_FORMAT } from './index.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const reasonOf = (decoded: Decoded<unknown>): string => (decoded.kind === 'ok' ? 'ok' : decoded.reason);

/** Typed per format, so that value and format belong together. */
function formatSuite<T>(format: Format<T>, sample: T, any: fc.Arbitrary<T>) {
  describe(`${format.name} format`, () => {
    test('what is encoded decodes to itself', () => {
      fc.assert(fc.property(any, (value) => expect(decode(format, encode(format, value))).toEqual({ kind: 'ok', value })));
    });

    test('no bytes make the decoder throw', () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decode(format, bytes).kind !== 'ok'));
    });

    test('no JSON makes the decoder throw', () => {
      fc.assert(fc.property(fc.jsonValue(), (value) => ['malformed', 'unknown-version'].includes(decodeJson(format, value).kind)));
    });

    test('a value with one field replaced decodes or names the field', () => {
      const fields = Object.keys(sample as object).filter((field) => field !== 'v');
      fc.assert(
        fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
          const decoded = decodeJson(format, { ...sample, [field]: value });
          return decoded.kind === 'ok' || (decoded.kind === 'malformed' && decoded.reason.startsWith(`${format.name}: ${field}`));
        }),
      );
    });

    test('bytes cut short anywhere are malformed', () => {
      const whole = encode(format, sample);
      fc.assert(fc.property(fc.nat({ max: whole.byteLength - 1 }), (length) => decode(format, whole.subarray(0, length)).kind === 'malformed'));
    });

    test('fields that this build does not know are dropped, so that writers can be upgraded first', () => {
      expect(decodeJson(format, { ...sample, addedLater: true })).toEqual({ kind: 'ok', value: sample });
    });

    test('one byte too many is too large, whatever it holds', () => {
      expect(decode(format, new Uint8Array(format.bytesMax + 1))).toEqual({ kind: 'too-large', reason: `${format.name} of ${format.bytesMax + 1} bytes, at most ${format.bytesMax} are taken` });
    });

    test('encoding refuses a value that no reader would take', () => {
      expect(() => encode(format, { ...sample, ...(format.name === 'cluster event' ? { id: '' } : { v: 2 }) })).toThrow(/"path"/);
    });
  });
}

formatSuite(BEAT_FORMAT, sampleBeat, anyBeat);
formatSuite(MEMBER_FORMAT, sampleMember, anyMember);
formatSuite(CLUSTER_EVENT_FORMAT, sampleEvent, anyEvent);
formatSuite(LOG_FORMAT, sampleLog, anyLog);

describe('a reason names the value at fault', () => {
  const cases: [string, Decoded<unknown>, RegExp][] = [
    ['a later version', decodeBeatJson({ ...sampleBeat, v: 2 }), /^beat has version 2, this build reads version 1: upgrade the reader first$/],
    ['a version that is a word', decodeBeatJson({ ...sampleBeat, v: 'one' }), /^beat: v: /],
    ['no version', decodeBeatJson({ ...sampleBeat, v: undefined }), /^beat: v: /],
    ['a share above one', decodeBeatJson({ ...sampleBeat, vitals: { ...sampleBeat.vitals, cpuHost: 1.5 } }), /^beat: vitals\.cpuHost: .*1$/],
    ['a nodeId with a slash', decodeBeatJson({ ...sampleBeat, nodeId: 'a/b' }), /^beat: nodeId: must be 1-128 letters/],
    ['a URL that is none', decodeBeatJson({ ...sampleBeat, httpUrl: 'ftp://x' }), /^beat: httpUrl: /],
    ['an unsafe incarnation', decodeBeatJson({ ...sampleBeat, incarnation: 2 ** 53 }), /^beat: incarnation: /],
    ['two faults at once', decodeBeatJson({ ...sampleBeat, seq: 0, intervalMs: 5 }), /^beat: seq: .*; intervalMs: /],
    ['an unknown status', decodeJson(MEMBER_FORMAT, { ...sampleMember, status: 'GONE' }), /^member record: status: /],
    ['an unknown field of a log that is posted', decodeJson(LOG_INPUT_FORMAT, { level: 'info', service: 'a', message: 'b', mesage: 'c' }), /^log input: \(root\): .*"mesage"/],
    ['text that is no JSON', decode(BEAT_FORMAT, utf8('beat!')), /^beat is not JSON in UTF-8: /],
    ['no text at all', decode(BEAT_FORMAT, new Uint8Array()), /^beat is not JSON in UTF-8: /],
    ['bytes that are no UTF-8', decode(BEAT_FORMAT, new Uint8Array([0xff, 0xfe])), /^beat is not JSON in UTF-8: /],
    ['JSON null', decode(BEAT_FORMAT, utf8('null')), /^beat: \(root\): /],
    ['a list', decode(BEAT_FORMAT, utf8('[]')), /^beat: \(root\): /],
  ];
  test.each(cases)('%s', (_, decoded, reason) => expect(reasonOf(decoded)).toMatch(reason));
});

describe('a value within the schema can be read by others', () => {
  const worst = (length: number): string => '\u0001'.repeat(length);
  const tags = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`${String.fromCodePoint(0x1_00 + index)}${worst(63)}`, worst(256)]));

  test('the largest beat fits', () => {
    const checks = Array.from({ length: 32 }, () => ({ name: worst(64), ok: false, detail: worst(256) }));
    const largest = { ...sampleBeat, nodeId: 'n'.repeat(128), zone: worst(64), tags, httpUrl: `http://h/${'a'.repeat(500)}`, vitals: { ...sampleBeat.vitals, checks } };
    expect(decode(BEAT_FORMAT, encode(BEAT_FORMAT, largest)).kind).toBe('ok');
  });

  test('the largest member record fits, and the event that carries it', () => {
    const largest = { ...sampleMember, nodeId: 'n'.repeat(128), zone: worst(64), tags, reason: worst(512) };
    expect(decode(MEMBER_FORMAT, encode(MEMBER_FORMAT, largest)).kind).toBe('ok');
    expect(decode(CLUSTER_EVENT_FORMAT, encode(CLUSTER_EVENT_FORMAT, { ...sampleEvent, data: { ...sampleEvent.data, member: largest } })).kind).toBe('ok');
  });

  test('a log record with too many attributes is refused by its writer, not by its readers', () => {
    const attributes = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`a${index}`, 'x'.repeat(4096)]));
    expect(() => encode(LOG_FORMAT, { ...sampleLog, attributes })).toThrow(/^BUS_RECORD_TOO_LARGE: log record of \d+ bytes, at most 262144 are taken$/);
  });
});
