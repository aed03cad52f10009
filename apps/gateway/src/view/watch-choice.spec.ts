import fc from 'fast-check';
import { type Candidate, type Current, isPreferred } from './watch-choice.js';

const sound = (index: number, behindForMs = 0): Candidate => ({ index, isSound: true, behindForMs });
const cutOff = (index: number): Candidate => ({ index, isSound: false, behindForMs: 0 });
const followed = (index: number, facts: Partial<Current> = {}): Current => ({ index, isSound: true, isSilent: false, ...facts });

test.each<{ name: string; candidate: Candidate; current: Current | null; shown: number | null; expected: boolean }>([
  { name: 'the first word is taken, whoever says it', candidate: cutOff(3), current: null, shown: null, expected: true },
  { name: 'a sound coordinator is not left for another', candidate: sound(20), current: followed(10), shown: 10, expected: false },
  { name: 'one without a quorum is left for a sound one', candidate: sound(10), current: followed(10, { isSound: false }), shown: 10, expected: true },
  { name: 'a silent one is left for a sound one', candidate: sound(10), current: followed(10, { isSilent: true }), shown: 10, expected: true },
  { name: 'a silent one is not left for one without a quorum', candidate: cutOff(11), current: followed(10, { isSilent: true }), shown: 10, expected: false },
  { name: 'of two that are cut off the one with the newer view is taken', candidate: cutOff(11), current: followed(10, { isSound: false }), shown: 10, expected: true },
  { name: 'of two that are cut off alike the first stays', candidate: cutOff(10), current: followed(10, { isSound: false }), shown: 10, expected: false },
  { name: 'a sound one that is behind is waited for', candidate: sound(9, 4999), current: null, shown: 10, expected: false },
  { name: 'a sound one that stays behind is of a cluster that was made anew', candidate: sound(9, 5000), current: null, shown: 10, expected: true },
  { name: 'one that is cut off and behind is never taken', candidate: { ...cutOff(9), behindForMs: 60_000 }, current: null, shown: 10, expected: false },
])('$name', ({ candidate, current, shown, expected }) => {
  expect(isPreferred(candidate, current, shown)).toBe(expected);
});

test('whoever is taken by patience alone aside, no index goes back', () => {
  const index = fc.nat({ max: 20 });
  fc.assert(
    fc.property(index, fc.boolean(), fc.integer({ min: 0, max: 4999 }), fc.option(fc.record({ index, isSound: fc.boolean(), isSilent: fc.boolean() }), { nil: null }), index, (at, isSound, behindForMs, current, shown) => {
      expect(isPreferred({ index: at, isSound, behindForMs }, current, shown) && at < shown).toBe(false);
    }),
  );
});
