/** Who is let in, by whom it says that it is. */
import type { RaftJoin } from '@muster/contracts';
import { admissionOf } from './admission.js';
import { applyDirectory, directoryOf } from './directory.js';

const request = (more: Partial<RaftJoin> = {}): RaftJoin => ({ cluster: 'test', nodeId: 'b', storeId: 'sb', httpUrl: 'http://b:1', raftUrl: 'raft://b:2', ...more });
const directory = directoryOf(['a', 'b'].map((nodeId) => ({ nodeId, storeId: `s${nodeId}`, httpUrl: `http://${nodeId}:1`, raftUrl: `raft://${nodeId}:2` })));
const leaving = applyDirectory(directory, { kind: 'leave', nodeId: 'b', storeId: 'sb' }).directory;
const buried = applyDirectory(directory, { kind: 'bury', nodeId: 'b', storeId: 'sb' }).directory;

test('who belongs is known, who has moved or is new is entered', () => {
  expect(admissionOf(directory, 'test', request(), true)).toEqual({ kind: 'known' });
  expect(admissionOf(directory, 'test', request({ raftUrl: 'raft://elsewhere:2' }), true)).toEqual({ kind: 'enter' });
  expect(admissionOf(directory, 'test', request({ nodeId: 'c', storeId: 'sc' }), false)).toEqual({ kind: 'enter' });
});

test('with a wiped disk the member that it was is buried first, unless that one is running', () => {
  const wiped = request({ storeId: 'new' });
  expect(admissionOf(directory, 'test', wiped, false)).toEqual({ kind: 'bury', storeId: 'sb' });
  expect(admissionOf(directory, 'test', wiped, true)).toMatchObject({ kind: 'refuse', reason: "'b' is running at raft://b:2 with the store sb: give each coordinator its own node.id" });
  expect(admissionOf(leaving, 'test', wiped, false)).toMatchObject({ kind: 'later' });
  expect(admissionOf(buried, 'test', wiped, false)).toEqual({ kind: 'enter' });
});

test('one that was removed, is being removed, or belongs to another cluster is refused', () => {
  expect(admissionOf(buried, 'test', request(), false)).toMatchObject({ kind: 'refuse', reason: expect.stringContaining('was removed from the group') });
  expect(admissionOf(leaving, 'test', request(), false)).toMatchObject({ kind: 'refuse', reason: expect.stringContaining('is being removed') });
  expect(admissionOf(directory, 'test', request({ cluster: 'other' }), false)).toMatchObject({ kind: 'refuse', reason: expect.stringContaining("belongs to the cluster 'other', this one is 'test'") });
  expect(admissionOf(directory, 'test', request({ nodeId: 'c' }), false)).toMatchObject({ kind: 'refuse', reason: expect.stringContaining("the store sb belongs to 'b'") });
});
