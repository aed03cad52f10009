import { prettyLine } from './pretty-line.js';

const entry = { level: 'info', time: '2026-11-20T23:40:53.123Z', service: 'producer', nodeId: 'producer-1', msg: 'up' };

test.each([
  ['time, level, node and sentence', JSON.stringify(entry), '23:40:53.123 INFO  producer-1  up\n'],
  ['facts behind', JSON.stringify({ ...entry, level: 'warn', url: 'http://x', tries: 3, why: { a: 1 } }), '23:40:53.123 WARN  producer-1  up  url=http://x tries=3 why={"a":1}\n'],
  ['the stack of an error below', JSON.stringify({ ...entry, level: 'error', err: { message: 'm', stack: 'Error: m\n    at x' } }), '23:40:53.123 ERROR producer-1  up\n    Error: m\n    at x\n'],
  ['a line that is no entry, as it is', 'plain text\n', 'plain text\n'],
])('%s', (_, line, expected) => expect(prettyLine(line)).toBe(expected));
