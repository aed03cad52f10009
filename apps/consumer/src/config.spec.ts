import { ConfigError, loadConfig } from '@muster/config';
import { consumerSchema, databaseUrlOf } from './config.js';

test('without settings records go into a database inside the process, in the data folder', () => {
  expect(databaseUrlOf(loadConfig(consumerSchema, { env: { MUSTER_NODE_DATA_DIR: '/var/lib/muster' } }))).toBe('pglite:///var/lib/muster/pglite');
});

test('DATABASE_URL names a server, as it does for other tools', () => {
  expect(databaseUrlOf(loadConfig(consumerSchema, { env: { DATABASE_URL: 'postgres://muster@db:5432/muster' } }))).toBe('postgres://muster@db:5432/muster');
});

const faults = [
  { name: 'a database of another kind', env: { DATABASE_URL: 'mysql://db/muster' }, names: /database\.url.*postgres:\/\/user/ },
  { name: 'a pool of one', env: { MUSTER_DATABASE_POOL_MAX: '1' }, names: /database\.poolMax/ },
  { name: 'a misspelt variable', env: { MUSTER_CONSUMER_GRUOP: 'x' }, names: /MUSTER_CONSUMER_GRUOP/ },
];
test.each(faults)('$name stops the start and is named', ({ env, names }) => {
  let problems: readonly string[] = [];
  try {
    loadConfig(consumerSchema, { env });
  } catch (error) {
    if (error instanceof ConfigError) problems = error.problems;
  }
  expect(problems).toEqual([expect.stringMatching(names)]);
});
