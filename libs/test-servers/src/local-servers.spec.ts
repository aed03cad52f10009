/** Starts what this machine can start; a machine without a server proves that the reason says so. */
import { eventually } from '@muster/testing';
import { findServer } from './find-server.js';
import { type SearchResult, SERVER_ENV, type ServerKind } from './found-server.js';
import { OwnedProcess } from './owned-process.js';
import { whyNotServing } from './serving.js';

const env = { ...process.env, KAFKA_BROKERS: undefined, DATABASE_URL: undefined, REDIS_URL: undefined };
/** Kafka is fetched and started by the test run itself; doing it again here would cost a fifth of its time. */
const KINDS: readonly ServerKind[] = ['postgres', 'redis'];

const INSTALL_HINT: unknown = expect.stringContaining('apt-get install');

describe.each(KINDS)('%s as a local process', (kind) => {
  let result: SearchResult;
  beforeAll(async () => {
    result = await findServer(kind, { env, places: ['local'] });
  }, 150_000);
  afterAll(() => (result.found ? result.stop() : undefined));

  test('serves and is found again through its variable, or says what to install', async () => {
    const env = { [SERVER_ENV[kind]]: result.found ? result.url : '' };
    const again = result.found ? await eventually('it is found again', () => findServer(kind, { env, places: ['environment'] }), ({ found }) => found) : result;
    const expected = result.found ? { found: true, foundBy: 'environment', url: result.url } : { found: false, reasons: [INSTALL_HINT] };
    expect(again).toMatchObject(expected);
  });

  test('is gone after it was stopped, also when it is stopped twice', async () => {
    if (!result.found) return;
    await result.stop();
    await result.stop();
    expect(await whyNotServing(kind, result.url, 10_000)).toContain('ECONNREFUSED');
  });
});

describe('an owned process', () => {
  test('that ends at once is reported with its last lines', async () => {
    const child = new OwnedProcess(process.execPath, ['-e', 'console.error("the port is taken"); process.exit(3)']);
    expect(await child.succeeds(45_000)).toBe(false);
    expect(child.report()).toBe('exit code 3: the port is taken');
  });

  test('that takes too long is killed and says so', async () => {
    const child = new OwnedProcess(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    expect(await child.succeeds(200)).toBe(false);
    expect(child.report()).toContain('it took more than 200 ms');
    expect(isAlive(child.pid)).toBe(false);
  });

  test('that does not exist is a reason, not a crash', async () => {
    const child = new OwnedProcess('/nonexistent/program', []);
    expect(await child.succeeds(45_000)).toBe(false);
    expect(child.report()).toMatch(/ENOENT|nonexistent/);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
