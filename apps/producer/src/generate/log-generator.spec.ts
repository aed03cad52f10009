import { LOG_LEVELS, type LogLevel, logRecordSchema } from '@muster/contracts';
import { type GeneratedLog, LogGenerator } from './log-generator.js';

/** A small seeded generator, so that a failure can be seen again. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function generate(seed: number, count: number): GeneratedLog[] {
  const generator = new LogGenerator(seeded(seed));
  return Array.from({ length: count }, (_, index) => generator.next(1_700_000_000_000 + index));
}

const records = generate(7, 20_000);

test('every record satisfies the wire schema', () => {
  for (const record of records) {
    logRecordSchema.parse({ v: 1, id: '0190a1b2-0000-7000-8000-000000000000', producerId: 'producer-1', ...record });
  }
});

test('the same seed makes the same records', () => {
  expect(generate(3, 500)).toEqual(generate(3, 500));
  expect(generate(3, 500)).not.toEqual(generate(4, 500));
});

const bounds: Record<LogLevel, readonly [number, number]> = { trace: [0.001, 0.1], debug: [0.1, 0.4], info: [0.5, 0.85], warn: [0.005, 0.1], error: [0.002, 0.04], fatal: [0, 0.002] };
test.each(LOG_LEVELS)('%s is about as frequent as in real logs', (level) => {
  const share = records.filter((record) => record.level === level).length / records.length;
  expect(share).toBeGreaterThanOrEqual(bounds[level][0]);
  expect(share).toBeLessThanOrEqual(bounds[level][1]);
});

test('a request id ties records of several services together, and requests interleave', () => {
  const byRequest = Map.groupBy(records.filter((record) => 'requestId' in record.attributes), (record) => record.attributes['requestId']);
  const widths = [...byRequest.values()].map((group) => new Set(group.map((record) => record.service)).size);
  expect(widths.filter((width) => width >= 2).length / widths.length).toBeGreaterThan(0.95);
  const order = records.map((record) => record.attributes['requestId']).filter((id) => id !== undefined);
  const changes = order.filter((id, index) => index > 0 && id !== order[index - 1]).length;
  expect(changes / order.length).toBeGreaterThan(0.5);
});

test('records come from enough sources to fill twelve partitions', () => {
  expect(new Set(records.map((record) => record.source)).size).toBeGreaterThanOrEqual(18);
});
