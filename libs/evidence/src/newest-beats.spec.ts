import type { Beat } from '@muster/contracts';
import { newestBeats } from './newest-beats.js';

const beat = (nodeId: string, incarnation: number, seq: number): Beat => ({ nodeId, incarnation, seq }) as Beat;

const cases = [
  { name: 'nothing gives nothing', given: [], expected: [] },
  { name: 'the highest sequence wins, whatever the order', given: [beat('a', 1, 2), beat('a', 1, 3), beat('a', 1, 1)], expected: [['a', { beat: beat('a', 1, 3), count: 3, came: 0b111 }]] },
  { name: 'a later incarnation silences an earlier one, and counts only its own', given: [beat('a', 1, 9), beat('a', 2, 1), beat('a', 1, 10)], expected: [['a', { beat: beat('a', 2, 1), count: 1, came: 1 }]] },
  { name: 'which came is known, not only how many', given: [beat('a', 1, 4), beat('a', 1, 1), beat('a', 1, 6)], expected: [['a', { beat: beat('a', 1, 6), count: 3, came: 0b100101 }]] },
  { name: 'nodes do not mix, and keep the order of their appearance', given: [beat('b', 1, 1), beat('a', 1, 1), beat('b', 1, 2)], expected: [['b', { beat: beat('b', 1, 2), count: 2, came: 0b11 }], ['a', { beat: beat('a', 1, 1), count: 1, came: 1 }]] },
];
test.each(cases)('$name', ({ given, expected }) => {
  expect([...newestBeats(given)]).toEqual(expected);
});
