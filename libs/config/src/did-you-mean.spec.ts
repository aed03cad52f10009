import fc from 'fast-check';
import { didYouMean, editDistance } from './did-you-mean.js';

const word = fc.string({ maxLength: 12 });

test('the distance of a word to itself is nothing', () => {
  fc.assert(fc.property(word, (a) => editDistance(a, a) === 0));
});

test('the distance is the same both ways, and never more than the longer word', () => {
  fc.assert(fc.property(word, word, (a, b) => editDistance(a, b) === editDistance(b, a) && editDistance(a, b) <= Math.max(a.length, b.length)));
});

test.each([
  ['hearbeat', ' (did you mean "heartbeat"?)'],
  ['heartbaet', ' (did you mean "heartbeat"?)'],
  ['HEARTBEAT', ' (did you mean "heartbeat"?)'],
  ['bsu', ' (did you mean "bus"?)'],
  ['kubernetes', ''],
  ['', ''],
])('%s', (name, expected) => expect(didYouMean(name, ['heartbeat', 'bus', 'phi'])).toBe(expected));
