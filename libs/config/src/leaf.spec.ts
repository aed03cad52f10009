import { z } from 'zod';
import { describeConfig } from './describe-config.js';
import { envName } from './leaf.js';

test.each([
  ['heartbeat', 'intervalMs', 'MUSTER_HEARTBEAT_INTERVAL_MS'],
  ['node', 'id', 'MUSTER_NODE_ID'],
  ['http', 'port', 'MUSTER_HTTP_PORT'],
  ['producer', 'http2Only', 'MUSTER_PRODUCER_HTTP2_ONLY'],
])('%s.%s is set by the variable of its name', (section, name, env) => expect(envName(section, name)).toBe(env));

test('documentation, kind and default are found through whatever wraps a setting', () => {
  const doc = { doc: 'x' };
  const schema = z.strictObject({
    a: z
      .strictObject({
        count: z.int().default(3).meta(doc),
        early: z.int().meta(doc).optional(),
        list: z.array(z.string()).default([]).meta(doc),
        map: z.record(z.string(), z.string()).refine(() => true).default({}).meta(doc),
        flag: z.boolean().meta(doc),
        text: z.preprocess((value) => value, z.string()).default('t').meta(doc),
        made: z.string().transform((text) => text.length).meta(doc),
      })
      .refine(() => true),
  });
  expect(describeConfig(schema).map(({ key, kind, defaultValue, meta }) => [key, kind, defaultValue, meta.doc])).toEqual([
    ['a.count', 'number', 3, 'x'],
    ['a.early', 'number', undefined, 'x'],
    ['a.list', 'list', [], 'x'],
    ['a.map', 'map', {}, 'x'],
    ['a.flag', 'boolean', undefined, 'x'],
    ['a.text', 'text', 't', 'x'],
    ['a.made', 'text', undefined, 'x'],
  ]);
});
