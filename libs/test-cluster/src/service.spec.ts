import { Service, until } from './service.js';

const SHARED = { REDIS_URL: 'redis://of-all-tests', KAFKA_BROKERS: 'of-all-tests:9092', DATABASE_URL: 'postgresql://of-all-tests', MUSTER_NODE_ID: 'whoever-runs-the-tests' };
const before = { ...process.env };
beforeAll(() => void Object.assign(process.env, SHARED));
afterAll(() => {
  for (const name of Object.keys(SHARED)) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

/** Those names alone: a whole environment may be longer than the output that is kept. */
const PROGRAM = `console.log(JSON.stringify(process.env, ${JSON.stringify(['PATH', ...Object.keys(SHARED)])})); setInterval(() => {}, 1000)`;

/** What a service finds in its environment. */
async function environmentWith(given: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  const service = Service.start('environment', ['-e', PROGRAM], given);
  try {
    return await until('its environment', 45_000, () => Promise.resolve(service.output.endsWith('\n') ? (JSON.parse(service.output) as Record<string, string>) : undefined));
  } finally {
    await service.stop('SIGKILL');
  }
}

test('a service has what finds programs, and neither a server that all tests share nor a setting of whoever runs them', async () => {
  const found = await environmentWith({});
  expect(found['PATH']).toBe(process.env['PATH']);
  expect(Object.keys(found).filter((name) => name in SHARED)).toEqual([]);
});

test('what it is given it has', async () => {
  expect(await environmentWith({ REDIS_URL: 'redis://its-own', MUSTER_NODE_ID: 'a' })).toMatchObject({ REDIS_URL: 'redis://its-own', MUSTER_NODE_ID: 'a' });
});
