import { SimulatedProcess } from './simulated-process.js';
import { VirtualClock } from './virtual-clock.js';

function harness() {
  const clock = new VirtualClock();
  const happened: string[] = [];
  const note = (what: string) => () => happened.push(`${clock.nowMs()} ${what}`);
  return { clock, process: new SimulatedProcess(clock, 'p'), happened, note, run: () => { while (clock.step(1000) !== null); } };
}

test('after a pause late timers come first, then what arrived, then immediates', () => {
  const { clock, process, happened, note, run } = harness();
  process.wakeAfter(20, 'timer', () => {
    note('timer')();
    process.immediately('immediate', note('immediate'));
  });
  clock.at(10, 'test', '', () => process.pause(90));
  clock.at(15, 'test', '', () => process.receive(note('message')));
  run();
  expect(happened).toEqual(['100 timer', '100 message', '100 immediate']);
});

test('what was put off until after the messages comes after those that arrived in a pause', () => {
  const { clock, process, happened, note, run } = harness();
  clock.at(10, 'test', '', () => {
    process.immediately('immediate', note('immediate'));
    process.pause(90);
  });
  clock.at(15, 'test', '', () => process.receive(note('message')));
  run();
  expect(happened).toEqual(['100 message', '100 immediate']);
});

test('who is paused by the first message takes the second one when the new pause is over', () => {
  const { clock, process, happened, note, run } = harness();
  clock.at(10, 'test', '', () => process.pause(90));
  clock.at(15, 'test', '', () => process.receive(() => process.pause(50)));
  clock.at(16, 'test', '', () => process.receive(note('second')));
  run();
  expect(happened).toEqual(['150 second']);
});

test('a second pause within the first makes it no shorter', () => {
  const { clock, process, happened, note, run } = harness();
  clock.at(0, 'test', '', () => process.pause(100));
  clock.at(10, 'test', '', () => process.pause(20));
  clock.at(50, 'test', '', () => process.receive(note('message')));
  run();
  expect(happened).toEqual(['100 message']);
});

test('what waited in a process that ends is lost, in its next life too', () => {
  const { clock, process, happened, note, run } = harness();
  process.wakeAfter(50, 'timer', note('timer'));
  clock.at(10, 'test', '', () => process.pause(30));
  clock.at(15, 'test', '', () => process.receive(note('message')));
  clock.at(20, 'test', '', () => process.end());
  clock.at(25, 'test', '', () => process.begin());
  run();
  expect(happened).toEqual([]);
  expect(process.presence).toBe('running');
});
