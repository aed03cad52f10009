/** The shell alone, with an observer that does as it is told. What is judged, and when, is tested where it is decided. */
import type { ProbeFinding } from '@muster/agent';
import type { Effect, Note, ObserverInput } from '@muster/evidence';
import type { Change, Outcome, SingleCommand } from '@muster/membership';
import { beat } from '../../testing/beats.js';
import { SimClock, turns } from '../../testing/sim-clock.js';
import type { HelperAnswer } from '../lane/lane.js';
import type { AgreedCommand } from '../agreed-state.js';
import type { Proposed, ProposeOptions } from '../log/replicated-log.js';
import { Detection } from './detection.js';

const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const target = { nodeId: 'n', incarnation: 7, probeUrl: 'tcp://10.0.0.1:5', httpUrl: null };
const reap = (nodeId: string): SingleCommand => ({ kind: 'reap', term: 1, atUnixMs: 5, nodeId, incarnation: 7, seq: 1, reason: 'old' });
const change = (nodeId: string): Change => ({ kind: 'removed', index: 1, term: 1, ordinal: 0, atUnixMs: 0, nodeId });

/** A shell around an observer that answers inputs with effects as `when` says. */
function world() {
  const clock = new SimClock();
  const inputs: ObserverInput[] = [];
  const notes: Note[] = [];
  const answers = new Map<ObserverInput['kind'], readonly Effect[]>();
  const state = { isBusUp: true, isLeader: true, holds: (commands: readonly SingleCommand[]) => commands };
  const looked: { nodeId: string; timeLimitMs: number }[] = [];
  const asked: { by: string; nodeId: string }[] = [];
  const probes = { own: Promise.withResolvers<ProbeFinding>(), helper: Promise.withResolvers<HelperAnswer | null>() };
  const proposed: { command: AgreedCommand; revise: ProposeOptions<AgreedCommand>['revise']; settle: (result: Proposed<Outcome>) => void }[] = [];
  const tickets = new Map<number, readonly SingleCommand[]>();
  let mandated: () => void = () => undefined;
  let tell: (changes: readonly Change[]) => void = () => undefined;
  const observer = {
    step(input: ObserverInput): readonly Effect[] {
      inputs.push(input);
      const effects = answers.get(input.kind) ?? [];
      answers.delete(input.kind);
      for (const effect of effects) if (effect.kind === 'propose') tickets.set(effect.ticket, effect.commands);
      return effects;
    },
    stillHolds: (ticket: number) => state.holds(tickets.get(ticket) ?? []),
    isNews: () => true,
    pulse: () => null,
    why: () => null,
    doubtReason: () => '',
    incarnation: () => null,
    size: 0,
  };
  const detection = new Detection({
    nodeId: 'self',
    observer,
    cluster: {
      propose: (command, options) => new Promise((settle) => void proposed.push({ command, revise: options?.revise, settle })),
      mandate: () => ({ isLeader: state.isLeader, term: 3 }),
      onMandate: (listener) => (mandated = () => listener({ isLeader: state.isLeader, term: 3 })),
      listen: (listener) => {
        tell = listener;
        return () => (tell = () => undefined);
      },
    },
    clock,
    probe: ({ nodeId }, timeLimitMs) => {
      looked.push({ nodeId, timeLimitMs });
      return probes.own.promise;
    },
    ask: (by, { nodeId }) => {
      asked.push({ by, nodeId });
      return probes.helper.promise;
    },
    metrics: { noted: (note) => void notes.push(note) },
    logger,
    isBusUp: () => state.isBusUp,
  });
  /** What the next input of that kind is answered with. */
  const when = (kind: ObserverInput['kind'], ...effects: Effect[]): void => void answers.set(kind, effects);
  const hear = (): void => detection.heard([{ beat: beat(), count: 1 }], 'bus', 4);
  const kinds = (): string[] => inputs.splice(0).map(({ kind }) => kind);
  return { clock, detection, inputs, notes, state, looked, asked, probes, proposed, when, hear, kinds, mandated: () => mandated(), tell: (changes: readonly Change[]) => tell(changes) };
}

function started() {
  const it = world();
  it.detection.start();
  it.kinds();
  return it;
}

test('at first the observer learns who leads and whether the bus is there, then the time; later only what changed', async () => {
  const it = world();
  it.detection.start();
  expect(it.inputs.splice(0)).toEqual([{ kind: 'role', isLeader: true, term: 3 }, { kind: 'bus', isUp: true }]);
  await it.clock.advance(500);
  expect(it.kinds()).toEqual(['tick', 'tick']);
  it.state.isLeader = false;
  it.hear();
  it.state.isBusUp = false;
  await it.clock.advance(250);
  expect(it.kinds()).toEqual(['role', 'beats', 'bus', 'tick']);
});

test('a change of who may judge is told at once, in whatever direction', () => {
  const it = started();
  it.state.isLeader = false;
  it.mandated();
  it.state.isLeader = true;
  it.mandated();
  expect(it.inputs).toEqual([{ kind: 'role', isLeader: false, term: 3 }, { kind: 'role', isLeader: true, term: 3 }]);
});

test('beats are handed on with their lane and partition, lanes as they open and close', () => {
  const it = started();
  it.hear();
  it.detection.laneChanged('n', 7, 'closed');
  expect(it.inputs).toMatchObject([{ kind: 'beats', lane: 'bus', partition: 4, beats: [{ count: 1 }] }, { kind: 'lane', nodeId: 'n', incarnation: 7, is: 'closed' }]);
});

test('alarms that were moved leave no timers behind, and neither does the end', async () => {
  const it = world();
  it.detection.start();
  const ticking = it.clock.wakesLeft;
  for (let moved = 1; moved <= 5; moved++) {
    it.when('beats', { kind: 'arm', atMs: it.clock.nowMs() + 1000 * moved });
    it.hear();
  }
  expect([ticking, it.clock.wakesLeft]).toEqual([1, 2]);
  it.detection.stop();
  expect(it.clock.wakesLeft).toBe(0);
});

test('one alarm is armed at a time, for the last moment that was asked for', async () => {
  const it = started();
  const nowMs = it.clock.nowMs();
  it.when('beats', { kind: 'arm', atMs: nowMs + 40 }, { kind: 'arm', atMs: nowMs + 90 });
  it.hear();
  await it.clock.advance(89);
  expect(it.kinds()).toEqual(['beats']);
  await it.clock.advance(1);
  expect(it.kinds()).toEqual(['alarm']);
  it.when('beats', { kind: 'arm', atMs: nowMs + 140 }, { kind: 'arm', atMs: null });
  it.hear();
  await it.clock.advance(100);
  expect(it.kinds()).toEqual(['beats']);
});

test('a deadline between two milliseconds does not ring before it is due', async () => {
  const it = started();
  it.when('beats', { kind: 'arm', atMs: it.clock.nowMs() + 40.2 });
  it.hear();
  await it.clock.advance(40);
  expect(it.kinds()).toEqual(['beats']);
  await it.clock.advance(1);
  expect(it.kinds()).toEqual(['alarm']);
});

test('beats that had arrived while the loop was busy go before the alarm', async () => {
  const it = started();
  it.clock.afterNextWake = () => it.hear();
  it.when('beats', { kind: 'arm', atMs: it.clock.nowMs() + 10 });
  it.hear();
  await it.clock.advance(20);
  expect(it.kinds()).toEqual(['beats', 'beats', 'alarm']);
});

test('an alarm that was moved after it rang and before its turn is not given', async () => {
  const it = started();
  const nowMs = it.clock.nowMs();
  it.when('beats', { kind: 'arm', atMs: nowMs + 10 });
  it.hear();
  it.clock.afterNextWake = () => {
    it.when('beats', { kind: 'arm', atMs: nowMs + 100 });
    it.hear();
  };
  await it.clock.advance(20);
  expect(it.kinds()).toEqual(['beats', 'beats']);
  await it.clock.advance(80);
  expect(it.kinds()).toEqual(['alarm']);
});

test('a probe of our own is made here, and answered with how late our own loop was meanwhile', async () => {
  const it = started();
  it.when('beats', { kind: 'probe', target, by: 'self', timeLimitMs: 500, askedAtMs: 77 });
  it.hear();
  expect(it.looked).toEqual([{ nodeId: 'n', timeLimitMs: 500 }]);
  await it.clock.freeze(2000);
  it.probes.own.resolve({ result: 'accepted', mainLagMs: 0 });
  await turns();
  expect(it.inputs.at(-1)).toEqual({ kind: 'probed', nodeId: 'n', incarnation: 7, by: 'self', result: 'accepted', mainLagMs: 0, askedAtMs: 77, lateMs: 1750 });
});

test('another member is asked over its lane; one that has no opinion is answered for', async () => {
  const it = started();
  it.when('beats', { kind: 'probe', target, by: 'm', timeLimitMs: 500, askedAtMs: 77 });
  it.hear();
  expect(it.asked).toEqual([{ by: 'm', nodeId: 'n' }]);
  it.probes.helper.resolve({ result: 'refused', mainLagMs: 3, lateMs: 4 });
  await turns();
  expect(it.inputs.at(-1)).toEqual({ kind: 'probed', nodeId: 'n', incarnation: 7, by: 'm', result: 'refused', mainLagMs: 3, askedAtMs: 77, lateMs: 4 });
  it.probes.helper = Promise.withResolvers();
  it.when('beats', { kind: 'probe', target, by: 'm', timeLimitMs: 500, askedAtMs: 78 });
  it.hear();
  it.probes.helper.resolve(null);
  await turns();
  expect(it.inputs.at(-1)).toMatchObject({ kind: 'probed', by: 'm', result: null, askedAtMs: 78 });
});

test('commands that were decided together are one entry, a single one is itself', () => {
  const it = started();
  it.when('beats', { kind: 'propose', ticket: 1, commands: [reap('a'), reap('b')] }, { kind: 'propose', ticket: 2, commands: [reap('c')] });
  it.hear();
  expect(it.proposed.map(({ command }) => command)).toEqual([{ kind: 'many', term: 1, atUnixMs: 5, commands: [reap('a'), reap('b')] }, reap('c')]);
});

test('of a proposal only what still holds when it is appended goes on, and nothing when nothing does', () => {
  const it = started();
  it.when('beats', { kind: 'propose', ticket: 1, commands: [reap('a'), reap('b'), reap('c')] });
  it.hear();
  const [{ command, revise }] = it.proposed as [(typeof it.proposed)[0]];
  const revised = (): unknown => revise?.(command);
  expect(revised()).toEqual(command);
  it.state.holds = (commands) => commands.slice(1);
  expect(revised()).toMatchObject({ kind: 'many', commands: [reap('b'), reap('c')] });
  it.state.holds = (commands) => commands.slice(2);
  expect(revised()).toEqual(reap('c'));
  it.state.holds = () => [];
  expect(revised()).toBe(null);
});

test('the observer learns what was applied before it learns what became of its proposal', async () => {
  const it = started();
  it.when('beats', { kind: 'propose', ticket: 9, commands: [reap('a')] });
  it.hear();
  it.kinds();
  const outcome: Outcome = { kind: 'changed', change: change('a'), also: [] };
  it.tell([change('a')]);
  it.proposed[0]?.settle({ kind: 'applied', index: 1, term: 1, outcome });
  await turns();
  expect(it.inputs).toEqual([{ kind: 'changes', changes: [change('a')] }, { kind: 'settled', ticket: 9, result: 'applied', outcome }]);
});

test('a step is over before the next begins, whatever its effects set off', () => {
  const it = started();
  it.when('beats', { kind: 'propose', ticket: 1, commands: [] }, { kind: 'report', note: { kind: 'replaced', nodeId: 'n' } });
  const order: string[] = [];
  it.when('settled', { kind: 'report', note: { kind: 'replaced', nodeId: 'later' } });
  it.hear();
  order.push(...it.notes.map((note) => (note.kind === 'replaced' ? note.nodeId : '')));
  expect(order).toEqual(['n', 'later']);
  expect(it.inputs.at(-1)).toEqual({ kind: 'settled', ticket: 1, result: 'withdrawn', outcome: null });
});

test('whoever waits for the end waits for proposals that follow from proposals', async () => {
  const it = started();
  it.when('beats', { kind: 'propose', ticket: 1, commands: [reap('a')] });
  it.when('settled', { kind: 'propose', ticket: 2, commands: [reap('b')] });
  it.hear();
  it.proposed[0]?.settle({ kind: 'withdrawn' });
  await turns();
  expect([it.proposed.length, it.detection.isSettled]).toEqual([2, false]);
  it.proposed[1]?.settle({ kind: 'unavailable', code: 'unknown', reason: 'closing' });
  await turns();
  expect(it.detection.isSettled).toBe(true);
});

test('after its end it tells the observer nothing, and wakes for nothing', async () => {
  const it = started();
  it.when('beats', { kind: 'arm', atMs: it.clock.nowMs() + 10 }, { kind: 'probe', target, by: 'self', timeLimitMs: 500, askedAtMs: 1 });
  it.hear();
  it.kinds();
  it.detection.stop();
  it.hear();
  it.tell([change('a')]);
  it.probes.own.resolve({ result: 'refused', mainLagMs: 0 });
  await it.clock.advance(5000);
  expect(it.inputs).toEqual([]);
  expect(it.detection.isNews(beat())).toBe(false);
});
