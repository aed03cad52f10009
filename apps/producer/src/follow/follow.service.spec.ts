/** What happens to the lines of a followed file that the bus does not take. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BusError, type Logger, type LogRecord } from '@muster/contracts';
import { until } from '@muster/testing';
import { Registry } from 'prom-client';
import { FollowService } from './follow.service.js';

const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const isFor = (word: string) => ({ message }: LogRecord): boolean => message.includes(word);

/** Follows a file with these lines; `fault` says what the bus answers to a call. */
async function follow(lines: readonly string[], fault: (records: readonly LogRecord[]) => BusError | null): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-follow-service-'));
  const file = join(folder, 'app.log');
  appendFileSync(file, lines.map((line) => `${line}\n`).join(''));
  const taken: string[] = [];
  const publish = async (records: readonly LogRecord[]): Promise<void> => {
    const answer = fault(records);
    if (answer !== null) throw answer;
    taken.push(...records.map(({ message }) => message));
  };
  const service = new FollowService({ file, dataDir: folder, producerId: 'p', service: 's', lineBytesMax: 1000, pollMs: 5, rotatedQuietMs: 20, publisher: { publish }, metrics: new Registry(), logger: quiet });
  service.start();
  await until('the file is read', () => (service.progress()?.offset ?? 0) > 0 && service.progress()?.lagBytes === 0);
  await service.stop();
  rmSync(folder, { recursive: true });
  return taken;
}

test('a line that the bus will never take is left out alone, and the others keep their order', async () => {
  const refuse = (records: readonly LogRecord[]): BusError | null => (records.some(isFor('huge')) ? new BusError('BUS_RECORD_TOO_LARGE', false, 'too large') : null);
  expect(await follow(['one', 'two', 'huge', 'four', 'five'], refuse)).toEqual(['one', 'two', 'four', 'five']);
});

test('a bus that fails, whether it says that trying again helps or not, costs no line', async () => {
  let failures = 0;
  const fail = (): BusError | null => (failures++ < 2 ? new BusError('BUS_FAILED', failures === 1, 'no leader') : null);
  expect(await follow(['one', 'two', 'three'], fail)).toEqual(['one', 'two', 'three']);
});
