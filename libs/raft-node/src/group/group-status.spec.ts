/** What operators see of a member. */
import type { AgedPulse } from '../driver/pulse.js';
import { agedAt, NO_PULSE } from '../driver/pulse.js';
import type { Pulse } from '../driver/messages.js';
import { applyDirectory, directoryOf } from './directory.js';
import { type Belonging, statusBefore, statusOf } from './group-status.js';

const own = { cluster: 'test', nodeId: 'a', storeId: 'sa', httpUrl: 'http://a:1', raftUrl: 'raft://a:2' };
const directory = directoryOf(['a', 'b', 'c'].map((nodeId) => ({ nodeId, storeId: `s${nodeId}`, httpUrl: `http://${nodeId}:1`, raftUrl: `raft://${nodeId}:2` })));
const config = { voters: ['a', 'b'], outgoing: [], learners: ['c'] };
const pulse = (more: Partial<Pulse> = {}): AgedPulse => agedAt({ ...NO_PULSE, role: 'leader', term: 3, leaderId: 'a', commitIndex: 7, lastIndex: 9, config, contactAtMs: 950, ...more }, 1000, 500);
const seen = (more: Partial<Belonging> = {}) => statusOf(own, { clusterId: 'one', directory, pulse: pulse(), appliedIndex: 8, removed: null, nowMs: 1000, ...more });

test('before there is a group it knows nobody and has no quorum', () => {
  expect(statusBefore(own, 'forming', 'waits')).toMatchObject({ state: 'forming', detail: 'waits', clusterId: null, hasQuorum: false, contactAgeMs: null, peers: [] });
});

test('a leader tells how far the others are and when it heard them; what is applied was committed, though its loop has not said so yet', () => {
  const peers = [{ id: 'b', voter: true, match: 8, heardAtMs: 990, rttMs: 2, isConnected: true }];
  const status = seen({ pulse: pulse({ peers }) });
  expect(status).toMatchObject({ state: 'leader', detail: '', term: 3, leaderId: 'a', commitIndex: 8, appliedIndex: 8, lastIndex: 9, hasQuorum: true, contactAgeMs: 50 });
  expect(status.peers.map(({ nodeId, voter, matchIndex, silentMs, rttMs }) => [nodeId, voter, matchIndex, silentMs, rttMs])).toEqual([
    ['a', true, 9, 0, null],
    ['b', true, 8, 10, 2],
    ['c', false, null, null, null],
  ]);
});

test('each role has its name, and what is missing its words', () => {
  expect(seen({ pulse: pulse({ role: 'pre-candidate', leaderId: null }) })).toMatchObject({ state: 'candidate', detail: 'no leader is known, and 2 have a vote: are most of them running?', hasQuorum: false });
  expect(seen({ pulse: pulse({ role: 'follower', leaderId: 'b' }) })).toMatchObject({ state: 'follower', detail: '' });
  expect(seen({ pulse: pulse({ role: 'follower', leaderId: 'b', config: { ...config, voters: ['b'], learners: ['a'] } }) })).toMatchObject({ state: 'follower', detail: 'gets the log, and a vote once it keeps up' });
  expect(seen({ pulse: pulse({ role: 'follower', config: NO_PULSE.config }) })).toMatchObject({ state: 'joining' });
});

test('one that was removed says so, whether it saw it itself or was told', () => {
  const without = { ...config, voters: ['b'] };
  const leaving = applyDirectory(directory, { kind: 'leave', nodeId: 'a', storeId: 'sa' }).directory;
  const buried = applyDirectory(directory, { kind: 'bury', nodeId: 'a', storeId: 'sa' }).directory;
  expect(seen({ directory: leaving }).state).toBe('leader');
  expect(seen({ directory: leaving, pulse: pulse({ role: 'follower', config: without }) })).toMatchObject({ state: 'removed', detail: expect.stringContaining("'a' was removed from the group") });
  expect(seen({ directory: buried })).toMatchObject({ state: 'removed' });
  expect(seen({ removed: 'they said so' })).toMatchObject({ state: 'removed', detail: 'they said so' });
});
