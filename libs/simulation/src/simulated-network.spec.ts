import { SeededRandom } from './seeded-random.js';
import { ANY, type LinkWeather, SimulatedNetwork } from './simulated-network.js';
import { VirtualClock } from './virtual-clock.js';

function sent(weather: Partial<LinkWeather>, count = 1000): { arrived: number[]; lastMs: number; back: number } {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork(clock, new SeededRandom(5));
  network.change('a', 'b', weather);
  const arrived: number[] = [];
  let back = 0;
  for (let at = 0; at < count; at++) {
    clock.at(at, 'send', '', () => {
      network.send('a', 'b', 'message', () => arrived.push(at));
      network.send('b', 'a', 'message', () => (back += 1));
    });
  }
  let lastMs = 0;
  for (let step = clock.step(1e6); step !== null; step = clock.step(1e6)) lastMs = step.atMs;
  return { arrived, lastMs, back };
}

const inOrder = (values: readonly number[]): boolean => values.every((value, at) => value >= (values[at - 1] ?? 0));

test('a quiet link delivers everything once and in order', () => {
  const { arrived } = sent({});
  expect(arrived).toHaveLength(1000);
  expect(inOrder(arrived)).toBe(true);
});

test('loss is of one direction, and of the share that was asked for', () => {
  const { arrived, back } = sent({ lossRate: 0.3 });
  expect(Math.abs(arrived.length - 700)).toBeLessThan(50);
  expect(back).toBe(1000);
});

test('duplicates arrive twice', () => expect(Math.abs(sent({ duplicationRate: 0.2 }).arrived.length - 1200)).toBeLessThan(50));
test('reordering lets messages overtake', () => expect(inOrder(sent({ reorderRate: 0.2, reorderMs: 100 }).arrived)).toBe(false));
test('a link that is cut delivers nothing', () => expect(sent({ isCut: true }).arrived).toEqual([]));

test('what is clogged arrives in order when the clog is gone', () => {
  const { arrived, lastMs } = sent({ cloggedUntilMs: 5000 });
  expect(arrived).toHaveLength(1000);
  expect(inOrder(arrived)).toBe(true);
  expect(lastMs).toBe(5000);
});

test('the more exact change wins, and null gives back what was usual', () => {
  const network = new SimulatedNetwork(new VirtualClock(), new SeededRandom(1));
  network.change(ANY, ANY, { isCut: true });
  network.change('a', 'b', { isCut: false });
  expect([network.isCut('a', 'b'), network.isCut('b', 'a')]).toEqual([false, true]);
  network.change(ANY, ANY, null);
  expect(network.isCut('b', 'a')).toBe(false);
});
