import { SeededRandom } from './seeded-random.js';
import { SimulatedNetwork } from './simulated-network.js';
import { type Finding, probe } from './simulated-probe.js';
import { SimulatedProcess } from './simulated-process.js';
import { VirtualClock } from './virtual-clock.js';

function found(prepare: (there: { target: { isHostUp: boolean; incarnation: number; process: SimulatedProcess; mainLagMs: number }; network: SimulatedNetwork; asker: SimulatedProcess }) => void): Finding | null {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork(clock, new SeededRandom(1));
  const target = { nodeId: 't', isHostUp: true, incarnation: 7, process: new SimulatedProcess(clock), mainLagMs: 0 };
  const asker = new SimulatedProcess(clock);
  prepare({ target, network, asker });
  let finding: Finding | null = null;
  probe({ nodeId: 'a', process: asker, clock, network }, target, 7, 500, (it) => {
    finding = it;
  });
  clock.runUntil(5000);
  return finding;
}

test.each([
  ['a process that runs answers', () => undefined, 'answered'],
  ['one that is paused is accepted by its kernel', ({ target }) => target.process.pause(3000), 'accepted'],
  ['one that goes on in time answers', ({ target }) => target.process.pause(300), 'answered'],
  ['one that is gone is refused', ({ target }) => target.process.end(), 'refused'],
  ['somebody else there refuses it', ({ target }) => (target.incarnation = 8), 'refused'],
  ['a host that is gone is silent', ({ target }) => (target.isHostUp = false), 'silent'],
  ['a way that is cut is silent', ({ network }) => network.change('a', 't', { isCut: true }), 'silent'],
  ['a way back that is cut is silent', ({ network }) => network.change('t', 'a', { isCut: true }), 'silent'],
] as [string, Parameters<typeof found>[0], string][])('%s', (_, prepare, result) => {
  expect(found(prepare)).toMatchObject({ result });
});

test('an asker that was paused reads the answer that lies there, before its time is up', () => {
  expect(found(({ asker }) => asker.pause(2000))).toMatchObject({ result: 'answered' });
});

test('an asker that was paused says how late it was', () => {
  expect(found(({ asker, target }) => {
    target.isHostUp = false;
    asker.pause(2000);
  })).toEqual({ result: 'silent', mainLagMs: 0, lateMs: 1500 });
});

test('an answer tells how long the main loop has not moved', () => {
  expect(found(({ target }) => (target.mainLagMs = 900))).toEqual({ result: 'answered', mainLagMs: 900, lateMs: 0 });
});
