import fc from 'fast-check';
import { chosenCoordinators, LANES_MAX } from './lane-choice.js';

const urls = Array.from({ length: 7 }, (_, n) => `http://coordinator-${n}:8081/`);
const nodes = Array.from({ length: 3000 }, (_, n) => `producer-${n}`);
const chosen = (of: readonly string[]) => nodes.map((nodeId) => chosenCoordinators(nodeId, of));

test('a group of the usual size is chosen as a whole', () => {
  for (const choice of chosen(urls.slice(0, 3))) expect(choice.toSorted()).toEqual(urls.slice(0, 3));
});

test('of more coordinators each has its share of the nodes', () => {
  const choices = chosen(urls);
  const share = (3000 * LANES_MAX) / urls.length;
  for (const url of urls) expect(Math.abs(choices.filter((choice) => choice.includes(url)).length - share)).toBeLessThan(share / 10);
});

test('a coordinator that goes is replaced by one that was not chosen yet, all others stay, and its nodes go to those alike', () => {
  const [before, after] = [chosen(urls), chosen(urls.slice(0, 6))];
  const gained = new Map<string, number>();
  for (const [n, was] of before.entries()) {
    const is = after[n] ?? [];
    expect(was.filter((url) => url !== urls[6] && !is.includes(url))).toEqual([]);
    for (const url of is) if (!was.includes(url)) gained.set(url, (gained.get(url) ?? 0) + 1);
  }
  const total = [...gained.values()].reduce((sum, count) => sum + count, 0);
  expect(gained.size).toBe(6);
  for (const count of gained.values()) expect(count / total).toBeGreaterThan(0.12);
});

test('the choice does not depend on how the list was written, and names each coordinator once', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.constantFrom(...urls), { minLength: 1, maxLength: 16 }), (nodeId, list) => {
      const choice = chosenCoordinators(nodeId, list);
      expect(chosenCoordinators(nodeId, list.toReversed())).toEqual(choice);
      expect(choice.length).toBe(Math.min(LANES_MAX, new Set(list).size));
      expect(new Set(choice).size).toBe(choice.length);
    }),
  );
});
