import { encodeLog, decodeLog } from '@muster/contracts';
import fc from 'fast-check';
import { mapLine } from './line-mapper.js';

const context = { nowUnixMs: 1000, service: 'files', isCut: false };
const iso = '2026-01-02T03:04:05.678Z';
const at = Date.parse(iso);

const cases: ReadonlyArray<{ name: string; line: string; mapped: object | null }> = [
  { name: 'a plain line', line: 'hello world', mapped: { timeUnixMs: 1000, level: 'info', service: 'files', message: 'hello world', attributes: {} } },
  { name: 'a plain line with a level word', line: `${iso} ERROR disk full`, mapped: { level: 'error', message: `${iso} ERROR disk full` } },
  { name: 'a line of spaces', line: '  \t ', mapped: null },
  { name: 'pino', line: `{"level":40,"time":${at},"pid":7,"msg":"slow","service":"orders"}`, mapped: { timeUnixMs: at, level: 'warn', service: 'orders', message: 'slow', attributes: { pid: 7 } } },
  { name: 'zap', line: `{"level":"error","ts":${at / 1000},"msg":"x","caller":"a.go:1"}`, mapped: { timeUnixMs: at, level: 'error', attributes: { caller: 'a.go:1' } } },
  { name: 'ECS', line: `{"@timestamp":"${iso}","log.level":"WARNING","message":"m","service.name":"My App"}`, mapped: { timeUnixMs: at, level: 'warn', service: 'my-app', message: 'm', attributes: {} } },
  { name: 'nanoseconds', line: `{"ts":${at}000000,"msg":"m"}`, mapped: { timeUnixMs: at } },
  { name: 'nested fields', line: '{"msg":"m","http":{"status":200,"headers":{"a":{"b":1}}},"tags":["x"]}', mapped: { attributes: { 'http.status': 200, 'http.headers.a': '{"b":1}', tags: '["x"]' } } },
  { name: 'an object without a message', line: '{"a":1}', mapped: { message: '{"a":1}', attributes: { a: 1 } } },
  { name: 'an unknown level word', line: '{"level":"loud","msg":"m"}', mapped: { level: 'info', attributes: { level: 'loud' } } },
  { name: 'broken JSON', line: '{"a":', mapped: { message: '{"a":', attributes: {} } },
  { name: 'a list', line: '[1,2]', mapped: { message: '[1,2]' } },
];
test.each(cases)('$name', ({ line, mapped }) => {
  expect([mapLine(line, context)]).toMatchObject([mapped]);
});

test('what is too long is cut and says so', () => {
  expect(mapLine('x'.repeat(40_000), context)).toMatchObject({ message: 'x'.repeat(32_768), attributes: { truncated: true } });
  expect(mapLine('short', { ...context, isCut: true })).toMatchObject({ attributes: { truncated: true } });
});

test('any line at all makes a record that is valid on the wire', () => {
  const line = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.json({ maxDepth: 6 }), fc.object({ maxDepth: 5, maxKeys: 80 }).map((object) => JSON.stringify(object)), fc.constantFrom('\u0001'.repeat(60_000), JSON.stringify(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, 'é'.repeat(9000)])))));
  fc.assert(
    fc.property(line, (text) => {
      const mapped = mapLine(text, context);
      if (mapped === null) return;
      const record = { v: 1 as const, id: '0190a1b2-0000-7000-8000-000000000000', source: 'f', producerId: 'p', ...mapped };
      expect(decodeLog(encodeLog(record))).toMatchObject({ kind: 'ok' });
    }),
  );
});
