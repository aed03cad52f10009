import { ALL_CAME, arrivedLate, arrivedNow, cameTogether, inRow, isUnsteadyNow, lostOf, outagesOf, owedAfter } from './arrivals.js';

/** `1` came, `.` was lost; says whether the node is unsteady after each beat that came. */
function play(beats: string): string {
  let [came, made, isUnsteady, told] = [ALL_CAME, 0, false, ''];
  for (const beat of beats) {
    made += 1;
    if (beat === '.') continue;
    came = arrivedNow(came, made, 1);
    made = 0;
    isUnsteady = isUnsteadyNow(came, isUnsteady);
    told += isUnsteady ? 'U' : 's';
  }
  return told;
}

test.each([
  ['one outage, however long, is no unsteadiness', `111${'.'.repeat(50)}1111`, 'sssssss'],
  ['two outages of several beats within nine are', '111....1....1', 'ssssU'],
  ['four single losses within nine are', '11.1.1.1.1', 'sssssU'],
  ['three are not', '1.1.1.11111', 'ssssssss'],
  ['losses that are far apart are not', '1..1111111111..1111111111..1', 's'.repeat(22)],
])('%s', (_, beats, expected) => {
  expect(play(beats)).toBe(expected);
});

test('it takes sixteen beats in a row to be steady again, not fifteen', () => {
  expect(play(`1...1...1${'1'.repeat(16)}`)).toBe(`ss${'U'.repeat(15)}ss`);
  expect(play(`1...1...1${'1'.repeat(13)}.1`)).toBe(`ss${'U'.repeat(15)}`);
});

test('a beat that comes after later ones was not lost', () => {
  let came = ALL_CAME;
  for (let round = 0; round < 6; round++) came = arrivedLate(arrivedNow(came, 2, 1), 1);
  expect(isUnsteadyNow(came, false)).toBe(false);
});

test('one that comes twice makes up for none that was lost', () => {
  let came = ALL_CAME;
  for (let round = 0; round < 4; round++) came = arrivedLate(arrivedNow(came, 2, 1), 0);
  expect(isUnsteadyNow(came, false)).toBe(true);
});

test('what came in one batch was not lost, however much it was', () => {
  expect(arrivedNow(ALL_CAME, 9, cameTogether(9))).toBe(ALL_CAME);
  expect(arrivedNow(ALL_CAME, 40, cameTogether(40))).toBe(ALL_CAME);
});

test('one that was overtaken by more than is remembered changes nothing', () => {
  expect(arrivedLate(5, 32)).toBe(5);
  expect(arrivedLate(5, 1)).toBe(7);
});

test.each([
  ['nothing missing', '1111111111', 0],
  ['one outage of three beats', '111...1111', 1],
  ['two outages', '11.1..1111', 2],
  ['one of them longer ago than nine beats', '1.111111.11', 1],
])('outages: %s', (_, beats, expected) => {
  let [came, made] = [ALL_CAME, 0];
  for (const beat of beats) {
    made += 1;
    if (beat === '.') continue;
    came = arrivedNow(came, made, 1);
    made = 0;
  }
  expect(outagesOf(came)).toBe(expected);
});

test('of beats that were made those are lost that did not come, also of more than are remembered', () => {
  expect(lostOf(1, 1)).toBe(0);
  expect(lostOf(5, 1)).toBe(4);
  expect(lostOf(5, 0b10011)).toBe(2);
  expect(lostOf(100, 0b11)).toBe(98);
  expect(lostOf(3, ALL_CAME)).toBe(0);
});

test('half as many again are owed as were lost, within five and thirty seconds', () => {
  expect([0, 1, 4, 10, 20, 1000].map((lost) => owedAfter(lost, 1000))).toEqual([0, 5, 6, 15, 30, 30]);
  expect([1, 1000].map((lost) => owedAfter(lost, 250))).toEqual([5, 30]);
  expect([1, 1000].map((lost) => owedAfter(lost, 10_000))).toEqual([2, 3]);
  expect([1, 1000].map((lost) => owedAfter(lost, 60_000))).toEqual([2, 2]);
});

test('beats in a row are counted from the newest back', () => {
  expect([0, 1, 0b1011, 0b111, ALL_CAME].map(inRow)).toEqual([0, 1, 2, 3, 32]);
});
