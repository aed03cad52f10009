import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogging, type LoggingOptions } from './logging.js';

const folder = mkdtempSync(join(tmpdir(), 'muster-logging-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Longer than a test may take: no disk that stands still for a while costs an entry here. */
const DISK_MS_MAX = 600_000;
let files = 0;
function logTo(options: Partial<LoggingOptions>) {
  const path = join(folder, `${(files += 1)}.log`);
  const logging = createLogging({ service: 'producer', nodeId: 'producer-1', level: 'info', format: 'json', fd: openSync(path, 'w'), closeMsMax: DISK_MS_MAX, ...options });
  return { ...logging, lines: () => readFileSync(path, 'utf8').split('\n').filter((line) => line !== '') };
}

test('an entry is one line of JSON with time, level by name, service and node', async () => {
  const { logger, close, lines } = logTo({});
  logger.info({ url: 'http://x' }, 'up');
  logger.debug({}, 'not wanted');
  await close();
  expect(lines().map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: 'info', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string, service: 'producer', nodeId: 'producer-1', url: 'http://x', msg: 'up' },
  ]);
});

test('the end writes all that waits, and entries after it harm nobody', async () => {
  const { logger, close, lines } = logTo({ format: 'pretty' });
  for (let index = 0; index < 1000; index += 1) logger.warn({ index }, 'busy');
  await close();
  logger.error({}, 'too late');
  await close();
  expect(lines()).toHaveLength(1000);
  expect(lines().at(-1)).toMatch(/WARN {2}producer-1 {2}busy {2}index=999$/);
});

test('who closes a second time waits for the first', async () => {
  const { logger, close, lines } = logTo({});
  logger.error({}, 'the reason for the end');
  void close();
  await close();
  expect(lines()).toHaveLength(1);
});

test('an error is logged with its stack', async () => {
  const { logger, close, lines } = logTo({});
  logger.error({ err: new TypeError('broken') }, 'failed');
  await close();
  expect(JSON.parse(lines()[0] ?? '')).toMatchObject({ err: { type: 'TypeError', message: 'broken', stack: expect.stringContaining('logging.spec') as string } });
});

test('what nobody reads is given up and counted, once enough waits', async () => {
  let dropped = 0;
  const { logger, close, lines } = logTo({ onDrop: () => (dropped += 1) });
  const text = 'x'.repeat(100_000);
  // Nothing is written before the next turn of the event loop, as with a reader that does not read.
  for (let index = 0; index < 30; index += 1) logger.info({}, text);
  expect(dropped).toBeGreaterThan(10);
  await close();
  expect(lines().length + dropped).toBe(30);
});
