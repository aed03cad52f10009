import { SimulatedProcess } from './simulated-process.js';
import { VirtualClock } from './virtual-clock.js';

function harness() {
  const clock = new VirtualClock();
  const happened: string[] = [];
  const note = (what: string) => () => happened.push(`${clock.nowMs()} ${what}`);
  return { clock, process: new SimulatedProcess(clock), happened, note, run: () => clock.runUntil(1000) };
}

test('after a pause late timers come first, then what arrived, then immediates', () => {
  const { clock, process, happened, note, run } = harness();
  process.wakeAfter(20, () => {
    note('timer')();
    process.immediately(note('immediate'));
  });
  clock.at(10, () => process.pause(90));
  clock.at(15, () => process.receive(note('message')));
  run();
  expect(happened).toEqual(['100 timer', '100 message', '100 immediate']);
});

test('what was put off until after the messages comes after those that arrived in a pause', () => {
  const { clock, process, happened, note, run } = harness();
  clock.at(10, () => {
    process.immediately(note('immediate'));
    process.pause(90);
  });
  clock.at(15, () => process.receive(note('message')));
  run();
  expect(happened).toEqual(['100 message', '100 immediate']);
});

test('who is paused by the first message takes the second one when the new pause is over', () => {
  const { clock, process, happened, note, run } = harness();
  clock.at(10, () => process.pause(90));
  clock.at(15, () => process.receive(() => process.pause(50)));
  clock.at(16, () => process.receive(note('second')));
  run();
  expect(happened).toEqual(['150 second']);
});

test('a second pause within the first makes it no shorter', () => {
  const { clock, process, happened, note, run } = harness();
  clock.at(0, () => process.pause(100));
  clock.at(10, () => process.pause(20));
  clock.at(50, () => process.receive(note('message')));
  run();
  expect(happened).toEqual(['100 message']);
});

test('what waited in a process that ends is lost, in its next life too', () => {
  const { clock, process, happened, note, run } = harness();
  process.wakeAfter(50, note('timer'));
  clock.at(10, () => process.pause(30));
  clock.at(15, () => process.receive(note('message')));
  clock.at(20, () => process.end());
  clock.at(25, () => process.begin());
  run();
  expect(happened).toEqual([]);
  expect(process.presence).toBe('running');
});
