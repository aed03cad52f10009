/** What becomes of a large command when something goes wrong on its way. */
import { RaftUnavailable } from '../driver/raft-errors.js';
import { PART_BYTES } from './assembly.js';
import { openEntry } from './envelope.js';
import { proposeInParts } from './propose-in-parts.js';

const PARTS = 20;
const command = new Uint8Array(PARTS * PART_BYTES);

/** `answer`: what is said of a part; what it throws is the refusal. */
function node(answer: (part: number) => unknown) {
  const proposed: number[] = [];
  let underWay = 0;
  let underWayMax = 0;
  const propose = async (data: Uint8Array) => {
    const entry = openEntry(data);
    if (entry.kind !== 'part') throw new Error('no part');
    proposed.push(entry.part.part);
    underWayMax = Math.max(underWayMax, (underWay += 1));
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return { index: proposed.length, term: 1, result: answer(entry.part.part) };
  };
  return { propose, proposed, most: () => underWayMax };
}
const unavailable = (code: 'busy' | 'unknown') => new RaftUnavailable(code, 'so it is', 'b');

test('all parts are proposed in their order, some at a time, the last one alone, and what is said of that is the answer', async () => {
  const it = node((part) => (part === PARTS - 1 ? 'the whole' : { isLost: false }));
  expect(await proposeInParts(it, command)).toEqual({ index: PARTS, term: 1, result: 'the whole' });
  expect(it.proposed).toEqual(Array.from({ length: PARTS }, (_, part) => part));
  expect(it.most()).toBe(8);
});

test.each([
  { name: 'refused', fails: unavailable('busy'), expected: { code: 'busy', message: 'so it is' } },
  // Nobody knows of the part, but of the whole everybody does: its last part is not proposed.
  { name: 'of which nobody knows', fails: unavailable('unknown'), expected: { code: 'lost', leaderId: 'b' } },
])('after a part $name the last one is not proposed, and the rest is given up', async ({ fails, expected }) => {
  const it = node((part) => {
    if (part === 3) throw fails;
    return { isLost: false };
  });
  await expect(proposeInParts(it, command)).rejects.toMatchObject(expected);
  expect(it.proposed).not.toContain(PARTS - 1);
  expect(it.proposed.at(-1)).toBe(PARTS);
});

test.each([5, PARTS - 1])('part %i that does not follow what is there loses all of them', async (lost) => {
  const it = node((part) => ({ isLost: part >= lost }));
  await expect(proposeInParts(it, command)).rejects.toMatchObject({ code: 'lost' });
});

test('of the last part nobody may know: then it is not known whether the whole happened', async () => {
  const it = node((part) => {
    if (part === PARTS - 1) throw unavailable('unknown');
    return { isLost: false };
  });
  await expect(proposeInParts(it, command)).rejects.toMatchObject({ code: 'unknown' });
});
