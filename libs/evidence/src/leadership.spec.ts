/** What becomes of verdicts when somebody else leads, when clocks are set, and when nothing but the log is known. */
import { detectorConfig } from '@muster/failure-detector';
import { SCORE_DEFAULTS } from '@muster/health-score';
import { changesOf, Membership, membershipRules, type Outcome, type Profile, type SingleOutcome } from '@muster/membership';
import { beatOf, profile, T0 } from '../testing/fixtures.js';
import { World, type WorldOptions } from '../testing/world.js';
import type { Effect } from './effect.js';
import { Observer, TICK_MS } from './observer.js';

const HOUR_MS = 3_600_000;

function settled(options: WorldOptions): World {
  const world = new World(options);
  world.runUntil(40_000);
  world.lines.length = 0;
  world.commits.length = 0;
  return world;
}

function until(world: World, nodeId: string, status: string, limitMs: number): number {
  const fromMs = world.nowMs;
  while (world.nowMs < fromMs + limitMs) {
    world.runUntil(world.nowMs + 10);
    if (world.status(nodeId) === status) return world.nowMs - fromMs;
  }
  return Infinity;
}

test.each([0, 500, 1500, 2500, 3500])('who leads %i ms after a host is gone, and listened before, gives it up in five seconds all the same, and nobody else', (afterMs) => {
  const world = settled({ nodes: 6, zones: 3 });
  world.step({ kind: 'role', isLeader: false, term: 1 });
  world.set('n1', 'gone');
  world.after(afterMs, () => world.step({ kind: 'role', isLeader: true, term: 2 }));
  expect(until(world, 'n1', 'DOWN', 20_000)).toBeLessThanOrEqual(5000);
  world.runUntil(world.nowMs + 20_000);
  expect(world.commits.flat().filter((line) => !line.startsWith('n1 '))).toEqual([]);
});

test('leading changes hands again and again: nobody is judged for it', () => {
  const world = settled({ nodes: 6, zones: 3 });
  for (let term = 2; term < 40; term++) {
    world.step({ kind: 'role', isLeader: term % 2 === 0, term });
    world.runUntil(world.nowMs + 700);
  }
  expect(world.commits).toEqual([]);
});

test.each([HOUR_MS, -HOUR_MS, 30_000, -30_000])('a wall clock that is set by %i ms costs nobody anything, and the next host that is gone no more time', (stepMs) => {
  const world = settled({ nodes: 6, zones: 3 });
  world.clockErrorMs = stepMs;
  world.runUntil(world.nowMs + 20_000);
  expect(world.commits).toEqual([]);
  world.set('n1', 'gone');
  expect(until(world, 'n1', 'DOWN', 20_000)).toBeLessThanOrEqual(5000);
});

test.each([-HOUR_MS, -30_000])('a wall clock that is set by %i ms ends no brake early', (stepMs) => {
  const world = settled({ nodes: 12, zones: 3 });
  for (const nodeId of ['n1', 'n4', 'n7', 'n10']) world.set(nodeId, 'gone');
  world.runUntil(world.nowMs + 10_000);
  world.clockErrorMs = stepMs;
  world.runUntil(world.nowMs + 45_000);
  expect(world.commits.flat().filter((line) => line.includes('DOWN'))).toEqual([]);
});

test('a wall clock that is set ahead ends the hold of a brake, and members are removed one by one all the same', () => {
  const world = settled({ nodes: 12, zones: 3 });
  for (const nodeId of ['n1', 'n4', 'n7', 'n10']) world.set(nodeId, 'gone');
  world.runUntil(world.nowMs + 15_000);
  world.clockErrorMs = HOUR_MS;
  const fromMs = world.nowMs;
  world.runUntil(fromMs + 19_000);
  expect(world.commits.flat().filter((line) => line.includes('DOWN')).length).toBeLessThanOrEqual(2);
});

test('without any address nobody can look: silence is SUSPECT at the deadline, and DOWN at the long limit', () => {
  const world = settled({ nodes: 5, addressed: false });
  expect(world.effects.filter(({ kind }) => kind === 'probe')).toEqual([]);
  world.set('n1', 'gone');
  const suspectMs = until(world, 'n1', 'SUSPECT', 20_000);
  expect(suspectMs).toBeLessThanOrEqual(2600);
  const downMs = suspectMs + until(world, 'n1', 'DOWN', 20_000);
  expect(downMs).toBeGreaterThan(10_500);
  expect(downMs).toBeLessThanOrEqual(12_600);
});

test('a thousand members that are only known from the log, none of which beats, are suspected under a brake, and none is removed', () => {
  const members = 1000;
  const membership = new Membership(membershipRules({ stabilisationMs: 30_000 }));
  const tell = { term: 1, atUnixMs: T0, reason: 'test' };
  for (let at = 1; at <= members; at++) {
    const about = { ...tell, nodeId: `n${at}`, incarnation: 1, seq: 5 };
    membership.apply({ index: 2 * at - 1, term: 1, command: { kind: 'join', ...about, profile: { ...profile, zone: `zone-${at % 3}` } } });
    membership.apply({ index: 2 * at, term: 1, command: { kind: 'admit', ...about } });
  }
  const rules = { failureTimeoutMs: 15_000, hungTimeoutMs: 60_000, brakeFraction: 0.3, brakeHoldMs: 60_000, probeTimeLimitMs: 500 };
  const observer = new Observer({ nodeId: 'self', membership, detector: detectorConfig({ phiThreshold: 8, failureTimeoutMs: 15_000 }), score: SCORE_DEFAULTS, intervalMs: 1000, rules }, { ms: 0, unixMs: T0 });
  const statuses = new Set<string>();
  let firstMs = Infinity;
  let asked: Extract<Effect, { kind: 'probe' }>[] = [];
  const step = (input: Parameters<Observer['step']>[0], ms: number): void => {
    const now = { ms, unixMs: T0 + ms };
    for (const effect of observer.step(input, now)) {
      if (effect.kind === 'probe') asked.push(effect);
      if (effect.kind !== 'propose') continue;
      const commands = observer.stillHolds(effect.ticket, now);
      if (commands.length === 0) continue;
      const outcome = membership.apply({ index: membership.index + 1, term: 2, command: { kind: 'many', term: 2, atUnixMs: now.unixMs, commands } });
      const changes = changesOf(outcome);
      for (const change of changes) if (change.kind === 'transition' && change.member.nodeId !== 'self') statuses.add(change.member.status);
      firstMs = Math.min(firstMs, ms);
      step({ kind: 'changes', changes }, ms);
      step({ kind: 'settled', ticket: effect.ticket, result: 'applied', outcome }, ms);
    }
  };
  step({ kind: 'role', isLeader: true, term: 2 }, 0);
  for (let ms = TICK_MS; ms <= 14_000; ms += TICK_MS) {
    if (ms % 1000 === 0) {
      const beat = beatOf({ nodeId: 'self', seq: ms / 1000, sentMonoMs: ms });
      step({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'local', partition: null }, ms);
      for (const partition of [0, 1]) step({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'bus', partition }, ms);
    }
    const timedOut = asked.filter(({ askedAtMs }) => ms - askedAtMs >= rules.probeTimeLimitMs);
    asked = asked.filter(({ askedAtMs }) => ms - askedAtMs < rules.probeTimeLimitMs);
    for (const { target, by, askedAtMs } of timedOut) step({ kind: 'probed', nodeId: target.nodeId, incarnation: 1, by, result: 'silent', mainLagMs: 0, askedAtMs, lateMs: 0 }, ms);
    if (ms % 1000 === 0) step({ kind: 'alarm' }, ms);
    step({ kind: 'tick' }, ms);
  }
  expect([...statuses]).toEqual(['SUSPECT']);
  expect(firstMs).toBeLessThanOrEqual(4000);
  expect(membership.brakes().flatMap(({ nodeIds }) => nodeIds)).toHaveLength(members);
});

/** An observer that was made before anything was agreed, and then learns of member `n1` from the log alone. */
function learning(itsProfile: Profile = profile): { readonly observer: Observer; readonly membership: Membership; readonly run: (fromMs: number, untilMs: number, step: (kinds: string[]) => void) => void } {
  const membership = new Membership(membershipRules({ stabilisationMs: 30_000 }));
  const rules = { failureTimeoutMs: 15_000, hungTimeoutMs: 60_000, brakeFraction: 0.3, brakeHoldMs: 60_000, probeTimeLimitMs: 500 };
  const observer = new Observer({ nodeId: 'self', membership, detector: detectorConfig({ phiThreshold: 8, failureTimeoutMs: 15_000 }), score: SCORE_DEFAULTS, intervalMs: 1000, rules }, { ms: 0, unixMs: T0 });
  const about = { term: 1, atUnixMs: T0, reason: 'test', nodeId: 'n1', incarnation: 1, seq: 5 };
  membership.apply({ index: 1, term: 1, command: { kind: 'join', ...about, profile: itsProfile } });
  membership.apply({ index: 2, term: 1, command: { kind: 'admit', ...about } });
  const run = (fromMs: number, untilMs: number, told: (kinds: string[]) => void): void => {
    for (let ms = fromMs; ms < untilMs; ms += TICK_MS) {
      const now = { ms, unixMs: T0 + ms };
      const beat = beatOf({ nodeId: 'self', seq: 1 + ms / TICK_MS, sentMonoMs: ms, intervalMs: TICK_MS });
      const effects = [
        ...observer.step({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'bus', partition: 0 }, now),
        ...observer.step({ kind: 'alarm' }, now),
        ...observer.step({ kind: 'tick' }, now),
      ];
      told(effects.flatMap((effect) => (effect.kind === 'propose' ? effect.commands.flatMap((command) => ('nodeId' in command && command.nodeId === 'n1' ? [`${command.kind} at ${ms}`] : [])) : effect.kind === 'report' && effect.note.kind === 'withheld' ? [`withheld ${effect.note.cause} at ${ms}`] : [])));
    }
  };
  return { observer, membership, run };
}

test('a member that only the log knows, learnt after our start, has a full deadline from then, and not one more', () => {
  const { observer, run } = learning();
  observer.step({ kind: 'role', isLeader: true, term: 2 }, { ms: 4000, unixMs: T0 + 4000 });
  const told: string[] = [];
  run(4250, 12_000, (kinds) => told.push(...kinds));
  expect(told[0]).toMatch(/^suspect at 7\d\d\d$/);
});

test('a follower watches it too, says that somebody else decides, and proposes at once when it leads', () => {
  const { observer, run } = learning();
  const told: string[] = [];
  run(250, 10_000, (kinds) => told.push(...kinds));
  expect(told).toEqual([expect.stringMatching(/^withheld follower at [34]\d\d\d$/)]);
  expect(observer.why('n1', { ms: 10_000, unixMs: T0 + 10_000 })?.withheld).toBe('follower: this coordinator does not lead');
  observer.step({ kind: 'role', isLeader: true, term: 2 }, { ms: 10_000, unixMs: T0 + 10_000 });
  run(10_000, 10_500, (kinds) => told.push(...kinds));
  expect(told[1]).toMatch(/^suspect at 10(000|250)$/);
});

test('whoever said that it has left while another led is known to have left as soon as we lead', () => {
  const { observer } = learning();
  const last = beatOf({ ...profile, nodeId: 'n1', seq: 6, sentMonoMs: 0, state: 'left' });
  observer.step({ kind: 'beats', beats: [{ beat: last, count: 1 }], lane: 'bus', partition: 0 }, { ms: 100, unixMs: T0 + 100 });
  const proposed = (isLeader: boolean): unknown[] => observer.step({ kind: 'role', isLeader, term: 2 }, { ms: 200, unixMs: T0 + 200 }).flatMap((effect) => (effect.kind === 'propose' ? effect.commands : []));
  expect(proposed(false)).toEqual([]);
  expect(proposed(true)).toEqual([expect.objectContaining({ nodeId: 'n1', kind: 'left' })]);
});

test('what others heard later than we did is taken up when it falls silent: a verdict from before that would be refused', () => {
  const { observer, run } = learning();
  const beat = beatOf({ ...profile, nodeId: 'n1', seq: 3, sentMonoMs: 0 });
  observer.step({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'bus', partition: 0 }, { ms: 100, unixMs: T0 + 100 });
  observer.step({ kind: 'role', isLeader: true, term: 2 }, { ms: 200, unixMs: T0 + 200 });
  expect(observer.isNews({ nodeId: 'n1', incarnation: 1, seq: 4 })).toBe(true);
  const told: string[] = [];
  run(250, 6000, (kinds) => told.push(...kinds));
  expect(told[0]).toContain('suspect');
  expect(observer.isNews({ nodeId: 'n1', incarnation: 1, seq: 5 })).toBe(false);
  expect(observer.isNews({ nodeId: 'n1', incarnation: 1, seq: 6 })).toBe(true);
});

/** Drives an observer whose verdicts about `n1` the agreed state refuses each time. Tells when they were proposed. */
function refusing(observer: Observer, fromMs: number, untilMs: number): number[] {
  const proposedAtMs: number[] = [];
  for (let ms = fromMs; ms < untilMs; ms += TICK_MS) {
    const now = { ms, unixMs: T0 + ms };
    const beat = beatOf({ nodeId: 'self', seq: 1 + ms / TICK_MS, sentMonoMs: ms, intervalMs: TICK_MS });
    const inputs: Parameters<Observer['step']>[0][] = [{ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'bus', partition: 0 }, { kind: 'alarm' }, { kind: 'tick' }];
    for (const input of inputs) {
      for (const effect of observer.step(input, now)) {
        if (effect.kind !== 'propose') continue;
        const commands = observer.stillHolds(effect.ticket, now);
        if (commands.some((command) => 'nodeId' in command && command.nodeId === 'n1')) proposedAtMs.push(ms);
        const rejected: SingleOutcome = { kind: 'rejected', rejection: { kind: 'stale-evidence', nodeId: 'n1', seen: 5, current: 59 } };
        const outcome: Outcome = commands.length === 1 ? rejected : { kind: 'many', outcomes: commands.map(() => rejected) };
        observer.step({ kind: 'settled', ticket: effect.ticket, result: 'applied', outcome }, now);
      }
    }
  }
  return proposedAtMs;
}

test('a verdict that is refused again and again is proposed ever less often, says why, and begins anew in another term', () => {
  const { observer } = learning();
  observer.step({ kind: 'role', isLeader: true, term: 2 }, { ms: 200, unixMs: T0 + 200 });
  const atMs = refusing(observer, 250, 40_000);
  const waits = atMs.slice(1).map((ms, at) => ms - (atMs[at] ?? 0));
  expect(waits.slice(0, 4).map((ms) => Math.floor(ms / 500))).toEqual([1, 2, 4, 8]);
  for (const waitMs of waits.slice(4)) expect(waitMs).toBeGreaterThanOrEqual(8000);
  expect(waits.length).toBeGreaterThanOrEqual(6);
  expect(observer.why('n1', { ms: 40_000, unixMs: T0 + 40_000 })?.withheld).toMatch(/^refused: suspect was refused \d times: knew beat 5 of n1, the state knows 59$/);
  observer.step({ kind: 'role', isLeader: true, term: 3 }, { ms: 40_000, unixMs: T0 + 40_000 });
  expect(refusing(observer, 40_000, 40_500).length).toBeGreaterThan(0);
});

test('a peer that restarts with us, and takes connections before it answers them, is suspected at its deadline and not before', () => {
  const profileOfPeer = { ...profile, httpUrl: 'http://10.0.0.1:8081', probeUrl: 'tcp://10.0.0.1:9000' };
  const { observer } = learning(profileOfPeer);
  observer.step({ kind: 'role', isLeader: true, term: 2 }, { ms: 4000, unixMs: T0 + 4000 });
  let suspectedAtMs = Infinity;
  let accepted = 0;
  for (let ms = 4250; ms < 9000 && suspectedAtMs === Infinity; ms += TICK_MS) {
    const now = { ms, unixMs: T0 + ms };
    const beat = beatOf({ nodeId: 'self', seq: 1 + ms / TICK_MS, sentMonoMs: ms, intervalMs: TICK_MS });
    const inputs: Parameters<Observer['step']>[0][] = [{ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'bus', partition: 0 }, { kind: 'alarm' }, { kind: 'tick' }];
    while (inputs.length > 0) {
      for (const effect of observer.step(inputs.shift()!, now)) {
        if (effect.kind === 'propose' && effect.commands.some(({ kind }) => kind === 'suspect')) suspectedAtMs = ms;
        if (effect.kind !== 'probe') continue;
        accepted += 1;
        inputs.push({ kind: 'probed', nodeId: effect.target.nodeId, incarnation: 1, by: effect.by, result: 'accepted', mainLagMs: 0, askedAtMs: effect.askedAtMs, lateMs: 0 });
      }
    }
  }
  expect(accepted).toBeGreaterThan(2);
  expect(suspectedAtMs).toBeGreaterThanOrEqual(7000);
  expect(suspectedAtMs).toBeLessThan(8000);
});
