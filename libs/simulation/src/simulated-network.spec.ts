import { SeededRandom } from './seeded-random.js';
import { ANY, type LinkWeather, SimulatedNetwork } from './simulated-network.js';
import { SimulatedStream } from './simulated-stream.js';
import { VirtualClock } from './virtual-clock.js';

type Way = (network: SimulatedNetwork, clock: VirtualClock) => (deliver: () => void) => void;
const messages: Way = (network) => (deliver) => network.send('a', 'b', deliver);
const stream: Way = (network, clock) => {
  const it = new SimulatedStream(clock, network.link('a', 'b'));
  return (deliver) => it.send(deliver);
};

function sent(weather: Partial<LinkWeather>, way: Way = messages, count = 1000): { arrived: number[]; lastMs: number; back: number } {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork(clock, new SeededRandom(5));
  network.change('a', 'b', weather);
  const send = way(network, clock);
  const arrived: number[] = [];
  let back = 0;
  let lastMs = 0;
  for (let at = 0; at < count; at++) {
    clock.at(at, () => {
      send(() => {
        arrived.push(at);
        lastMs = clock.nowMs();
      });
      network.send('b', 'a', () => (back += 1));
    });
  }
  clock.runUntil(100_000);
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

test.each([['messages', messages], ['a stream', stream]] as const)('what is clogged arrives in order when the clog is gone: %s', (_, way) => {
  const { arrived, lastMs } = sent({ cloggedUntilMs: 5000 }, way);
  expect(arrived).toHaveLength(1000);
  expect(inOrder(arrived)).toBe(true);
  expect(lastMs).toBe(5000);
});

test('a stream loses nothing and keeps the order, at the price of time', () => {
  const { arrived, lastMs } = sent({ lossRate: 0.3 }, stream);
  expect(arrived).toEqual(Array.from({ length: 1000 }, (_, at) => at));
  expect(lastMs).toBeGreaterThan(1000);
});

test('a stream over a way that is cut delivers when the way is whole again, and nothing once it was closed', () => {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork(clock, new SeededRandom(5));
  network.change('a', 'b', { isCut: true });
  const arrived: string[] = [];
  const patient = new SimulatedStream(clock, network.link('a', 'b'));
  const closed = new SimulatedStream(clock, network.link('a', 'b'));
  patient.send(() => arrived.push('patient'));
  closed.send(() => arrived.push('closed'));
  clock.at(3000, () => closed.close());
  clock.at(5000, () => network.change('a', 'b', null));
  clock.runUntil(4999);
  expect(arrived).toEqual([]);
  clock.runUntil(20_000);
  expect(arrived).toEqual(['patient']);
});

test('the more exact change wins, and null gives back what was usual', () => {
  const network = new SimulatedNetwork(new VirtualClock(), new SeededRandom(1));
  network.change(ANY, ANY, { isCut: true });
  network.change('a', 'b', { isCut: false });
  expect([network.link('a', 'b').isCut, network.link('b', 'a').isCut]).toEqual([false, true]);
  network.change(ANY, ANY, null);
  expect(network.link('b', 'a').isCut).toBe(false);
});

test('a clog that is over at one end does not end the one at the other', () => {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork(clock, new SeededRandom(1));
  network.change('a', ANY, { cloggedUntilMs: 10 });
  network.change(ANY, 'b', { cloggedUntilMs: 5000 });
  expect(network.link('a', 'b').arrivalMs(100)).toBe(5000);
});
