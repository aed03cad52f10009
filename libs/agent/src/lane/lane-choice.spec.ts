import fc from 'fast-check';
import { LaneDial, rendezvousOrder } from './lane-choice.js';

const urls = ['http://a:8081/', 'http://b:8081/', 'http://c:8081/'];
const nodes = Array.from({ length: 3000 }, (_, n) => `producer-${n}`);
const preferred = (of: readonly string[]) => nodes.map((nodeId) => of[rendezvousOrder(nodeId, of)[0] as number]);

test('coordinators share the nodes evenly', () => {
  const counts = urls.map((url) => preferred(urls).filter((one) => one === url).length);
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(100);
});

test('a coordinator that goes leaves its nodes to all others alike, and nobody else moves', () => {
  const [before, after] = [preferred(urls), preferred(urls.slice(0, 2))];
  const moved = before.flatMap((url, n) => (url === urls[2] ? [after[n]] : []));
  expect(before.filter((url, n) => url !== urls[2] && url !== after[n])).toEqual([]);
  const share = moved.filter((url) => url === urls[0]).length / moved.length;
  expect(Math.abs(share - 0.5)).toBeLessThan(0.06);
});

test('the order does not depend on how the list was written, and names each coordinator once', () => {
  fc.assert(
    fc.property(fc.string(), fc.uniqueArray(fc.webUrl(), { minLength: 1, maxLength: 16 }), (nodeId, list) => {
      const turned = list.toReversed();
      const order = rendezvousOrder(nodeId, list).map((index) => list[index]);
      expect(rendezvousOrder(nodeId, turned).map((index) => turned[index])).toEqual(order);
      expect(new Set(order).size).toBe(list.length);
    }),
  );
});

test('the next coordinator is tried nearly at once, a whole round of failures is followed by growing pauses with an end', () => {
  const dial = new LaneDial(2);
  const tries = Array.from({ length: 12 }, () => {
    const next = dial.next(0.999);
    dial.ended(next.rank, 0);
    return next;
  });
  expect(tries.map(({ rank }) => rank)).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
  expect(tries.map(({ delayMs }) => Math.round(delayMs / 10) * 10)).toEqual([0, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
});

test('a lane that was open for long begins anew, one that is slammed each time does not', () => {
  const dial = new LaneDial(1);
  for (let n = 0; n < 5; n++) dial.ended(0, 4999);
  expect(dial.next(0.999).delayMs).toBeGreaterThan(1000);
  dial.ended(0, 5000);
  expect(dial.next(0.999).delayMs).toBeLessThanOrEqual(100);
});

test('agents do not come back in step: each pause is spread over half of itself', () => {
  const dial = new LaneDial(1);
  for (let n = 0; n < 8; n++) dial.ended(0, 0);
  expect([dial.next(0).delayMs, dial.next(0.5).delayMs]).toEqual([2500, 3750]);
});
