import type { RaftPeer, RaftStatus } from '@muster/contracts';
import { Registry } from 'prom-client';
import { metricName, observeRaft } from './raft-metrics.js';

const STORE = '11111111-1111-4111-8111-111111111111';
const peer = (nodeId: string, more: Partial<RaftPeer> = {}): RaftPeer => ({ nodeId, storeId: STORE, httpUrl: `http://${nodeId}:1`, raftUrl: `raft://${nodeId}:2`, voter: true, matchIndex: 7, silentMs: 20, rttMs: 4, ...more });
const status = (more: Partial<RaftStatus> = {}): RaftStatus => ({
  cluster: 'c', nodeId: 'a', storeId: STORE, clusterId: STORE, state: 'leader', detail: '', term: 3, leaderId: 'a', commitIndex: 9, appliedIndex: 8, lastIndex: 10, snapshotIndex: 2, hasQuorum: true, contactAgeMs: 50,
  peers: [peer('a'), peer('b'), peer('c', { voter: false })],
  ...more,
});

async function scrape(seen: () => RaftStatus): Promise<string> {
  const registry = new Registry();
  observeRaft(registry, { status: seen, counters: () => ({ elections: 2, writeMsSum: 1500, writeMsMax: 12 }) });
  return registry.metrics();
}

test('E5: who leads, terms, indexes, votes and the lag of others are there under their names', async () => {
  const text = await scrape(() => status());
  for (const line of ['coordinator_is_leader 1', 'raft_state 2', 'raft_term 3', 'raft_commit_index 9', 'raft_applied_index 8', 'raft_has_quorum 1', 'raft_contact_age_seconds 0.05', 'raft_voters 2', 'raft_is_voter 1', 'raft_peer_lag_entries{peer="b"} 3', 'raft_peer_rtt_seconds{peer="b"} 0.004', 'raft_elections_total 2', 'raft_write_seconds_total 1.5', 'raft_write_seconds_max 0.012']) expect(text).toContain(`\n${line}\n`);
  expect(text).not.toContain('raft_peer_lag_entries{peer="a"}');
});

test.each<[RaftStatus['state'], number]>([
  ['forming', 0],
  ['joining', 0],
  ['follower', 0],
  ['candidate', 1],
  ['leader', 2],
  ['removed', 3],
  ['shutdown', 3],
])('E5: raft_state of one that is %s is %i', async (state, code) => {
  expect(await scrape(() => status({ state }))).toContain(`\nraft_state ${code}\n`);
});

test('what only a leader knows is gone when it does not lead any more', async () => {
  const text = await scrape(() => status({ state: 'follower', leaderId: 'b' }));
  expect(text).toContain('\ncoordinator_is_leader 0\n');
  expect(text).not.toContain('{peer=');
});

test('all numbers of one scrape are of one moment, and those of the next of another', async () => {
  const registry = new Registry();
  let term = 0;
  observeRaft(registry, { status: () => status({ term: (term += 1), commitIndex: term }), counters: () => ({}) });
  for (const expected of [1, 2]) {
    const text = await registry.metrics();
    expect([/^raft_term (\d+)/m.exec(text)?.[1], /^raft_commit_index (\d+)/m.exec(text)?.[1]]).toEqual([String(expected), String(expected)]);
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test.each([
  ['elections', 'raft_elections_total', true],
  ['writeMsSum', 'raft_write_seconds_total', true],
  ['writeMsMax', 'raft_write_seconds_max', false],
  ['writeBytes', 'raft_write_bytes_total', true],
  ['diskFreeBytes', 'raft_disk_free_bytes', false],
] as const)('%s is exported as %s', (key, name, isTotal) => {
  expect(metricName(key)).toMatchObject({ name, isTotal });
});
