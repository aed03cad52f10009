import { ConfigError, loadConfig } from '@muster/config';
import { coordinatorSchema } from './config.js';

const load = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(coordinatorSchema, { env });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};
const SECRET = { MUSTER_CLUSTER_SECRET: 'sixteen characters' };
const THREE = { MUSTER_CLUSTER_COORDINATORS: 'http://a:1,http://b:1,http://c:1' };

test('one coordinator needs no secret, three do', () => {
  expect(load({})).toEqual([]);
  expect(load(THREE)).toEqual([expect.stringMatching(/^cluster\.secret .*must be set, the same everywhere, for a group of 3/)]);
  expect(load({ ...THREE, ...SECRET })).toEqual([]);
});

test('who looks for others by a name says how many there are', () => {
  const byName = { MUSTER_CLUSTER_COORDINATORS: 'dns+http://coordinators:8081', ...SECRET };
  expect(load(byName)).toEqual([expect.stringMatching(/^raft\.expect .*found a group of its own/)]);
  expect(load({ ...byName, MUSTER_RAFT_EXPECT: '3' })).toEqual([]);
});

test('TLS is given as a whole', () => {
  expect(load({ MUSTER_RAFT_TLS_CA_FILE: '/ca.pem', MUSTER_RAFT_TLS_KEY_FILE: '/key.pem' })).toEqual([expect.stringMatching(/^raft\.tlsCertFile .*must be set as well: raft\.tlsCaFile and raft\.tlsKeyFile/)]);
});
