import { afterLook, answeredOf, areAllInVain, areInVain, areMixed, type Looks, NOT_LOOKED_AT } from './looks.js';

/** `1` answered, `.` silent, `|` a beat came and the next look is about a new question; a look every 200 ms. */
function play(looks: string): { readonly looks: Looks; readonly nowMs: number } {
  let [after, nowMs, isAnotherTime] = [NOT_LOOKED_AT, 0, true];
  for (const look of looks) {
    if (look === '|') isAnotherTime = true;
    else {
      nowMs += 200;
      after = afterLook(after, { isAnswered: look === '1', isAnotherTime }, nowMs);
      isAnotherTime = false;
    }
  }
  return { looks: after, nowMs };
}

test.each([
  ['nine in vain', '.........', true],
  ['eight are too few', '........', false],
  ['two of twelve answered', '1....1......', true],
  ['three of twelve answered', '1..1..1.....', false],
  ['what was longer ago than twelve does not count', '1111............', true],
])('looks are in vain: %s', (_, text, expected) => {
  const { looks, nowMs } = play(text);
  expect(areInVain(looks, nowMs)).toBe(expected);
});

test('after ten seconds without a look those before are about another time', () => {
  const { looks, nowMs } = play('............');
  expect(areInVain(looks, nowMs + 10_000)).toBe(true);
  expect(areInVain(looks, nowMs + 10_001)).toBe(false);
  expect(afterLook(looks, { isAnswered: false, isAnotherTime: true }, nowMs + 10_001).count).toBe(1);
});

test.each([
  ['one outage, however long', '...........................', false],
  ['one outage of exactly as many looks as are remembered', '............', false],
  ['two of them', '......|......', true],
  ['two of them, one answer', '...1..|......', true],
  ['two of them, two answers', '...1..|.1....', false],
  ['two of them, too few looks', '.....|......', false],
])('looks are in vain again and again: %s', (_, text, expected) => {
  expect(areAllInVain(play(text).looks)).toBe(expected);
});

test('three answers in a row, and three seconds, make up for silence before', () => {
  const mixed = (text: string, answeringMs: number): boolean => {
    const { looks, nowMs } = play(text);
    return areMixed(looks, answeringMs, nowMs);
  };
  expect(mixed('....11', 3000)).toBe(true);
  expect(mixed('....111', 3000)).toBe(false);
  expect(mixed('....111', 2999)).toBe(true);
  expect(mixed('....1.11', 3000)).toBe(true);
});

test('who always answered owes no more', () => {
  const { looks, nowMs } = play('1');
  expect(areMixed(looks, 0, nowMs)).toBe(false);
  expect(areMixed(NOT_LOOKED_AT, 0, nowMs)).toBe(false);
});

test('for people: how many of the last were answered', () => {
  expect(answeredOf(play('1..1').looks)).toBe('2 of 4');
});
