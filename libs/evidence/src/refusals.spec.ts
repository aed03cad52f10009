import { memberIn } from '../testing/fixtures.js';
import { type Attempt, Refusals } from './refusals.js';

const attempt: Attempt = { nodeId: 'a', kind: 'down', incarnation: 5, seq: 10 };
const member = memberIn('SUSPECT');
const later = memberIn('SUSPECT', { record: { ...member.record, index: 2 } });

function refusedOnce(): Refusals {
  const refusals = new Refusals();
  refusals.refused(attempt, member, 'knew less', 1000);
  return refusals;
}

test('what was refused waits twice as long each time, eight seconds at most, and says why', () => {
  const refusals = new Refusals();
  let nowMs = 0;
  const waits = Array.from({ length: 7 }, () => {
    const fromMs = nowMs;
    refusals.refused(attempt, member, 'knew less', nowMs);
    while (refusals.held(attempt, member, nowMs) !== null) nowMs += 100;
    return nowMs - fromMs;
  });
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
  refusals.refused(attempt, member, 'knew less', nowMs);
  expect(refusals.held(attempt, member, nowMs)).toEqual({ cause: 'refused', detail: 'down was refused 8 times: knew less' });
});

test.each<[string, Attempt, typeof member]>([
  ['a verdict after a beat that is newer', { ...attempt, seq: 11 }, member],
  ['another command', { ...attempt, kind: 'suspect' }, member],
  ['another boot', { ...attempt, incarnation: 6 }, member],
  ['another node', { ...attempt, nodeId: 'b' }, member],
  ['a verdict about what was agreed since', attempt, later],
])('%s does not wait', (_, other, about) => {
  expect(refusedOnce().held(attempt, member, 1100)).not.toBeNull();
  expect(refusedOnce().held(other, about, 1100)).toBeNull();
});

test('another case begins anew', () => {
  const refusals = refusedOnce();
  refusals.refused(attempt, later, 'knew less', 1400);
  expect(refusals.held(attempt, later, 1899)).not.toBeNull();
  expect(refusals.held(attempt, later, 1900)).toBeNull();
});

test('better news of one that beats waits although each beat is newer', () => {
  const refusals = new Refusals();
  refusals.refused({ ...attempt, kind: 'clear' }, member, 'damped', 1000);
  expect(refusals.held({ ...attempt, kind: 'clear', seq: 11 }, member, 1100)).not.toBeNull();
});

test('who is forgotten, and everybody when somebody else decides, waits no more and takes no room', () => {
  const refusals = refusedOnce();
  refusals.refused({ ...attempt, nodeId: 'b' }, undefined, 'knew less', 1000);
  refusals.forget('a');
  expect([refusals.held(attempt, member, 1100), refusals.size]).toEqual([null, 1]);
  refusals.clear();
  expect(refusals.size).toBe(0);
});
