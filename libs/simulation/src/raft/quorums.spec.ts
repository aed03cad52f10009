import { haveQuorum, quorumsMeet } from './quorums.js';

const of = (voters: string, outgoing = '') => ({ voters: voters.split(''), outgoing: outgoing.split(''), learners: ['l'] });

test.each([
  ['abc', '', 'ab', true],
  ['abc', '', 'al', false],
  ['ab', '', 'a', false],
  ['abc', 'cde', 'abc', false],
  ['abc', 'cde', 'bcd', true],
])('of voters %s and outgoing %s, %s are a quorum: %s', (voters, outgoing, there, expected) => {
  expect(haveQuorum(of(voters, outgoing), (peer) => there.includes(peer))).toBe(expected);
});

test.each([
  ['one voter more shares a quorum', of('abc'), of('abcd'), true],
  ['two voters more share none', of('abc'), of('abcde'), false],
  ['a joint configuration shares one with either half', of('abc', 'def'), of('def'), true],
  ['strangers share none', of('abc'), of('def'), false],
])('%s', (_, one, other, expected) => {
  expect(quorumsMeet(one, other)).toBe(expected);
});
