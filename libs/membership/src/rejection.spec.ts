import { describeRejection, type Rejection } from './rejection.js';

const table: { rejection: Rejection; words: string }[] = [
  { rejection: { kind: 'stale-term', seen: 2, current: 3 }, words: 'proposed in term 2, the term is 3' },
  { rejection: { kind: 'unknown-member', nodeId: 'a' }, words: 'a is not a member' },
  { rejection: { kind: 'stale-incarnation', nodeId: 'a', seen: 4, current: 5 }, words: 'about incarnation 4 of a, which is now 5' },
  { rejection: { kind: 'stale-evidence', nodeId: 'a', seen: 7, current: 9 }, words: 'knew beat 7 of a, the state knows 9' },
  { rejection: { kind: 'wrong-status', nodeId: 'a', command: 'admit', status: 'DOWN' }, words: 'admit does not apply to a, which is DOWN' },
  { rejection: { kind: 'too-early', nodeId: 'a', untilUnixMs: 12 }, words: 'a is kept until 12' },
  { rejection: { kind: 'already', nodeId: 'a', command: 'drain', is: 'draining' }, words: 'a is draining already' },
  { rejection: { kind: 'evicted', nodeId: 'a', incarnation: 5 }, words: 'incarnation 5 of a was evicted: only a restart of it joins again' },
  { rejection: { kind: 'damped', nodeId: 'a', command: 'clear', penalty: 1.507, untilUnixMs: 12 }, words: 'a failed too often of late (penalty 1.51): no clear until 12' },
  { rejection: { kind: 'braked', nodeId: 'a', zone: 'east', untilUnixMs: 12 }, words: 'a fell silent with many others: the brake of zone east protects it until 12' },
  { rejection: { kind: 'braked', nodeId: 'a', zone: null, untilUnixMs: 12 }, words: 'a fell silent with many others: the brake of the cluster protects it until 12' },
  { rejection: { kind: 'nobody-to-protect', zone: null }, words: 'nobody more to protect by the brake of the cluster' },
  { rejection: { kind: 'no-brake', zone: 'east' }, words: 'there is no brake of zone east' },
];

test.each(table)('$rejection.kind is said as "$words"', ({ rejection, words }) => {
  expect(describeRejection(rejection)).toBe(words);
});
