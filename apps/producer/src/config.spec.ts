import { ConfigError, loadConfig } from '@muster/config';
import { producerSchema } from './config.js';

test('five records a second are made up unless another rate is asked for, none at 0', () => {
  expect(loadConfig(producerSchema, { env: {} }).producer.ratePerSecond).toBe(5);
  expect(loadConfig(producerSchema, { env: { MUSTER_PRODUCER_RATE_PER_SECOND: '0' } }).producer.ratePerSecond).toBe(0);
});

const faults = [
  { name: 'a negative rate', env: { MUSTER_PRODUCER_RATE_PER_SECOND: '-1' }, names: /producer\.ratePerSecond.*-1/ },
  { name: 'a body limit above what the server takes', env: { MUSTER_PRODUCER_BODY_BYTES_MAX: '99999999' }, names: /producer\.bodyBytesMax/ },
  { name: 'a service that no record may carry', env: { MUSTER_PRODUCER_FILE_SERVICE: 'My Files' }, names: /producer\.fileService/ },
];
test.each(faults)('$name stops the start and is named', ({ env, names }) => {
  let problems: readonly string[] = [];
  try {
    loadConfig(producerSchema, { env });
  } catch (error) {
    if (error instanceof ConfigError) problems = error.problems;
  }
  expect(problems).toEqual([expect.stringMatching(names)]);
});
