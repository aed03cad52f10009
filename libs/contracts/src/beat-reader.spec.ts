/** The quick reader against the schema: on legal beats, on beats with one thing changed, on what only looks like a beat. */
import fc from 'fast-check';
import { anyBeat, sampleBeat } from '../testing/samples.js';
import { readBeat } from './beat-reader.js';
import { type Beat, BEAT_FORMAT, beatSchema, decodeBeat, decodeBeatJson, type Decoded, decodeJson } from './index.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const { read: _, ...SLOW } = BEAT_FORMAT;

/** What it reads is what the schema reads, to the last key. */
function check(json: unknown): 'read' | 'left to the schema' {
  const read = readBeat(json);
  if (read === null) return 'left to the schema';
  const parsed = beatSchema.safeParse(json);
  expect(parsed.success ? JSON.stringify(parsed.data) : parsed.error.issues).toBe(JSON.stringify(read));
  expect(read).toStrictEqual(parsed.data);
  return 'read';
}

/** A copy with another value at a path; `undefined` removes the field. */
function changed(json: unknown, path: readonly string[], value: unknown): unknown {
  const [field, ...rest] = path;
  if (field === undefined) return value;
  if (Array.isArray(json)) return json.map((item, position) => (String(position) === field ? changed(item, rest, value) : item));
  const before = (json ?? {}) as Record<string, unknown>;
  const fields = { ...before, [field]: changed(before[field], rest, value) };
  if (value === undefined && rest.length === 0) delete fields[field];
  return fields;
}

const paths = [
  ...Object.keys(sampleBeat).map((field) => [field]),
  ...Object.keys(sampleBeat.vitals).map((field) => ['vitals', field]),
  ...['cores', 'memoryBytes'].map((field) => ['resources', field]),
  ...['name', 'ok', 'detail', 'addedLater'].map((field) => ['vitals', 'checks', '0', field]),
  ...['rack', '', '__proto__', 'constructor', 'x'.repeat(65)].map((tag) => ['tags', tag]),
  ['addedLater'],
];
const odd = fc.constantFrom<unknown>(0, -0, 1, -1, 9, 10, 60_000, 60_001, 0.5, 1.000_001, 2 ** 53, 2 ** 53 - 1, 1e308, NaN, Infinity, '', ' ', '1', 'x'.repeat(64), 'x'.repeat(65), 'x'.repeat(256), 'x'.repeat(257), 'x'.repeat(600), '\ud800', 'a/b', 'A', 'running', 'left', true, false, null, undefined, [], {}, [1], { a: 'b' }, { a: 1 }, [{ name: 'a', ok: true }], Array.from({ length: 33 }, () => ({ name: 'a', ok: true })), Object.fromEntries(Array.from({ length: 33 }, (__, count) => [`t${count}`, ''])));
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV4Extended(), fc.ipV6().map((ip) => `[${ip}]`), fc.stringMatching(/^[a-z0-9.x-]{0,12}$/), fc.constantFrom('a', '1', '0x1', '09.1.1.1', '1.2.3.4.5', '256.1.1.1', '1.2.3', 'xn--a', 'xn--', 'a.xn--zz', 'a..b', 'a.', '.a', 'a.1', 'a.0x1', '3f2a9c', 'localhost', 'Ä', 'a b', 'a%41', 'a_b', '-a', 'a-'));
const url = fc.tuple(fc.constantFrom('http', 'https', 'HTTP', 'ftp', 'tcp', 'httpx', ''), fc.constantFrom('://', ':', ':/', '//', '://u:p@'), host, fc.constantFrom('', ':', ':0', ':80', ':080', ':8080', ':59999', ':60999', ':64999', ':65535', ':65536', ':99999', ':123456', ':8a'), fc.constantFrom('', '/', '/a/b', '//', '/.', '/../x', '/%zz', '?q', '#f', '/a b', '\n', ' ')).map((parts) => parts.join(''));

test('what members send is read without the schema', () => {
  expect(check(sampleBeat)).toBe('read');
  for (const httpUrl of ['http://127.0.0.1:8082', 'http://producer-1:8082', 'https://producer.zone-a.example.org/base/', 'http://3f2a9c0b1d2e:45123', null]) expect(check({ ...sampleBeat, httpUrl })).toBe('read');
});

test('any legal beat is read as the schema reads it', () => {
  fc.assert(fc.property(anyBeat, (beat) => void check(throughJson(beat))), { numRuns: 300 });
});

test('a beat with anything in it changed is read as the schema reads it, or left to it', () => {
  const edit = fc.tuple(fc.constantFrom(...paths), fc.oneof(odd, url, fc.jsonValue()));
  fc.assert(fc.property(fc.oneof(fc.constant(sampleBeat), anyBeat), fc.array(edit, { minLength: 1, maxLength: 3 }), (beat, edits) => void check(edits.reduce<unknown>((json, [path, value]) => changed(json, path, value), beat))), { numRuns: 3000 });
});

test('no URL is taken that the schema refuses, or would change', () => {
  fc.assert(fc.property(url, fc.constantFrom('httpUrl', 'probeUrl'), (text, field) => void check({ ...sampleBeat, [field]: text })), { numRuns: 5000 });
});

test('decoding gives the verdict of the schema, reason and all, whichever way it took', () => {
  const edit = fc.tuple(fc.constantFrom(...paths), fc.oneof(odd, fc.jsonValue()));
  fc.assert(
    fc.property(edit, ([path, value]) => {
      const json = changed(sampleBeat, path, value);
      expect(decodeBeatJson(json)).toStrictEqual(slowly(json));
      expect(decodeBeat(utf8(JSON.stringify(json)))).toStrictEqual(slowly(throughJson(json)));
    }),
    { numRuns: 1000 },
  );
});

test('a key that means a prototype stays a key, or is dropped, as in the schema', () => {
  const text = JSON.stringify(sampleBeat).replace('"tags":{', '"__proto__":{"seq":7},"tags":{"__proto__":"x",');
  expect(readBeat(JSON.parse(text))).toBeNull();
  expect(decodeBeat(utf8(text))).toStrictEqual(slowly(JSON.parse(text)));
  check(JSON.parse(JSON.stringify({ ...sampleBeat, seq: undefined }).replace('"v":1', '"v":1,"__proto__":{"seq":7}')));
});

test('a number beyond all bounds is no number', () => {
  expect(decodeBeat(utf8(JSON.stringify(sampleBeat).replace('41000.25', '1e999'))).kind).toBe('malformed');
});

test('what is not an object is left to the schema', () => {
  fc.assert(fc.property(fc.jsonValue(), (json) => readBeat(json) === null));
});

function slowly(json: unknown): Decoded<Beat> {
  return decodeJson(SLOW, json);
}
