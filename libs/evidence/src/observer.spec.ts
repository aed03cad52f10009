/** Faults that detection had, or could have, each by its name. */
import { beatOf } from '../testing/fixtures.js';
import { World, type WorldOptions } from '../testing/world.js';

/** A settled world, told anew from then on. */
function settled(options: WorldOptions): World {
  const world = new World(options);
  world.runUntil(40_000);
  expect([...world.nodes.keys()].map((nodeId) => world.status(nodeId))).toEqual([...world.nodes.keys()].map(() => 'HEALTHY'));
  world.lines.length = 0;
  world.commits.length = 0;
  return world;
}

/** Milliseconds from now until the node has that status; Infinity when it does not get it in that time. */
function until(world: World, nodeId: string, status: string, limitMs: number): number {
  const fromMs = world.nowMs;
  while (world.nowMs < fromMs + limitMs) {
    world.runUntil(world.nowMs + 10);
    if (world.status(nodeId) === status) return world.nowMs - fromMs;
  }
  return Infinity;
}

test('a lost beat of our own excuses nobody: it is no two seconds that we did not look', () => {
  const world = settled({ nodes: 1, partitions: 1 });
  const fromMs = world.nowMs;
  world.loses = (beat, nowMs) => beat.nodeId === 'self' && nowMs >= fromMs + 500 && nowMs < fromMs + 1500;
  // From here on only our own beats prove that we hear.
  world.set('n1', 'gone');
  expect(until(world, 'n1', 'SUSPECT', 10_000)).toBeLessThanOrEqual(2600);
  expect(world.lines.filter((line) => line.includes('unobserved'))).toEqual([]);
});

test('pauses of ours of 1.7 s, with beats every 250 ms, do not delay the DOWN of a gone host past failure.timeoutMs', () => {
  for (const everyMs of [2500, 3000, 4000, 6000]) {
    const world = settled({ nodes: 4, intervalMs: 250, ownIntervalMs: 250 });
    const pauses = (): void => {
      world.pause(1700);
      world.after(everyMs, pauses);
    };
    pauses();
    world.set('n1', 'gone');
    expect(until(world, 'n1', 'DOWN', 60_000)).toBeLessThanOrEqual(15_000);
  }
});

test('frequent absences postpone a verdict by no more than what was not observed, without anybody to ask', () => {
  const world = settled({ nodes: 4, intervalMs: 250, ownIntervalMs: 250, lanes: false });
  const pauses = (): void => {
    world.pause(1500);
    world.after(3000, pauses);
  };
  pauses();
  world.set('n1', 'gone');
  expect(until(world, 'n1', 'DOWN', 60_000)).toBeLessThanOrEqual(2 * 15_000);
});

test('with beats every 4 s the long limit is more than three of them, and not past failure.timeoutMs', () => {
  const world = settled({ nodes: 4, intervalMs: 4000, lanes: false });
  world.set('n1', 'gone');
  const heardAtMs = world.heardAtMs.get('n1') ?? 0;
  until(world, 'n1', 'DOWN', 30_000);
  expect(world.nowMs - heardAtMs).toBeGreaterThan(3 * 4000 + 200);
  expect(world.nowMs - heardAtMs).toBeLessThanOrEqual(15_000);
});

test('silence with 250 ms beats is DOWN within 2.5 s, with 1 s beats within 5 s', () => {
  for (const [intervalMs, limitMs] of [[250, 2500], [1000, 5000]] as const) {
    const world = settled({ nodes: 5, intervalMs, ownIntervalMs: intervalMs });
    world.set('n1', 'gone');
    expect(until(world, 'n1', 'DOWN', 20_000)).toBeLessThanOrEqual(limitMs);
  }
});

test('without anybody to ask, silence waits for the long limit', () => {
  const world = settled({ nodes: 2, lanes: false });
  world.set('n1', 'gone');
  const downAfterMs = until(world, 'n1', 'DOWN', 30_000);
  expect(downAfterMs).toBeGreaterThan(10_500);
  expect(downAfterMs).toBeLessThanOrEqual(12_100);
  expect(world.lines.some((line) => line.includes('withheld n1 unconfirmed: nobody else has looked'))).toBe(true);
});

test('without anybody to ask, kill -9 is DOWN when the next beat is missing as well', () => {
  const world = settled({ nodes: 1 });
  world.set('n1', 'killed');
  expect(until(world, 'n1', 'DOWN', 20_000)).toBeLessThanOrEqual(1600);
  expect(world.lines.join()).toContain('DOWN crashed');
});

test('a refusal where nobody ever answered is no news: a firewall is not a crash', () => {
  const world = new World({ nodes: 3 });
  // Their probe ports were never reachable.
  for (const nodeId of world.nodes.keys()) world.refuses.add(nodeId);
  world.runUntil(20_000);
  world.step({ kind: 'lane', nodeId: 'n1', incarnation: 1, is: 'closed' });
  world.runUntil(60_000);
  expect(world.status('n1')).toBe('HEALTHY');
});

test('a lane that closes while the process lives costs it nothing', () => {
  const world = settled({ nodes: 3 });
  world.step({ kind: 'lane', nodeId: 'n1', incarnation: 1, is: 'closed' });
  world.runUntil(60_000);
  expect(world.lines).toEqual([]);
});

test('a beat that was under way when its process was killed does not bring it back', () => {
  const world = settled({ nodes: 5 });
  const node = world.node('n1');
  world.set('n1', 'killed');
  // It lay in the bus meanwhile.
  world.after(20, () => {
    node.mode = 'well';
    world.send(node);
    node.mode = 'killed';
  });
  expect(until(world, 'n1', 'DOWN', 5000)).toBeLessThanOrEqual(500);
  world.after(30, () => {
    node.mode = 'well';
    world.send(node);
    node.mode = 'killed';
  });
  world.runUntil(world.nowMs + 5000);
  expect(world.commits.flat().filter((line) => line.startsWith('n1'))).toHaveLength(1);
});

test('beats that are lost while probes are answered degrade a member, and never remove it', () => {
  const world = settled({ nodes: 3 });
  world.set('n1', 'cut');
  world.runUntil(world.nowMs + 120_000);
  expect(world.status('n1')).toBe('DEGRADED');
  expect(world.commits.flat().join()).not.toContain('DOWN');
  world.set('n1', 'well');
  expect(until(world, 'n1', 'HEALTHY', 5000)).toBeLessThanOrEqual(5000);
});

test('processes that die one after the other within a tenth of a second are one change', () => {
  const world = settled({ nodes: 20, zones: 3 });
  for (let at = 1; at <= 10; at++) world.after(at * 9, () => world.set(`n${at}`, 'killed'));
  world.runUntil(world.nowMs + 2000);
  expect(world.commits.map((lines) => lines.length)).toEqual([10]);
});

test('a probe of ours that comes back silent while nothing at all reaches us is no opinion', () => {
  const probesOf = (isDeaf: boolean): number => {
    const world = settled({ nodes: 2, lanes: false });
    world.loses = () => isDeaf;
    for (const nodeId of ['n1', 'n2']) world.set(nodeId, 'gone');
    world.runUntil(world.nowMs + 2400);
    return world.observer.why('n1', world.now)?.now?.probes.length ?? -1;
  };
  expect(probesOf(true)).toBe(0);
  expect(probesOf(false)).toBeGreaterThan(0);
});

test('processes that are stopped are no part of a mass: a host that is gone beside them is found', () => {
  const world = settled({ nodes: 12, zones: 3 });
  for (const nodeId of ['n1', 'n4']) world.set(nodeId, 'stopped');
  world.runUntil(world.nowMs + 5000);
  world.set('n7', 'gone');
  expect(until(world, 'n7', 'DOWN', 10_000)).toBeLessThanOrEqual(5000);
  expect(world.membership.brakes()).toEqual([]);
});

test('a verdict that was on its way while we were stopped is withdrawn, and asked anew', () => {
  const world = settled({ nodes: 4 });
  let pauses = 0;
  world.onEffect = (effect) => {
    if (effect.kind === 'propose' && effect.commands.some((command) => command.kind === 'down') && pauses++ === 0) world.pause(1500);
  };
  world.set('n1', 'gone');
  expect(until(world, 'n1', 'DOWN', 30_000)).toBeLessThanOrEqual(10_000);
  expect(world.lines.some((line) => line.includes('proposal withdrawn'))).toBe(true);
});

test('a frozen main loop is SUSPECT with the first beat that says so', () => {
  const world = settled({ nodes: 3 });
  world.set('n1', 'frozen');
  expect(until(world, 'n1', 'SUSPECT', 5000)).toBeLessThanOrEqual(1800);
});

test('everything silent at once is braked at the deadline, and nobody is removed however long it lasts', () => {
  const world = settled({ nodes: 6, zones: 3 });
  for (const nodeId of world.nodes.keys()) world.set(nodeId, 'gone');
  world.runUntil(world.nowMs + 3000);
  expect(world.membership.brakes().length).toBeGreaterThan(0);
  world.runUntil(world.nowMs + 300_000);
  expect(world.commits.flat().join()).not.toContain('DOWN');
  for (const nodeId of world.nodes.keys()) world.set(nodeId, 'well');
  world.runUntil(world.nowMs + 2000);
  expect(world.membership.brakes()).toEqual([]);
  // Not even those whose first beat comes after the brake was released.
  world.runUntil(world.nowMs + 60_000);
  expect(world.commits.flat().join()).not.toContain('DOWN');
});

test('time that was not seen is no silence when the lanes begin to show what the bus does not', () => {
  const world = settled({ nodes: 6 });
  // It brings nothing and its client does not notice; then it does, and agents use their lanes.
  world.loses = () => true;
  world.runUntil(world.nowMs + 40_000);
  world.isBusUp = false;
  world.step({ kind: 'bus', isUp: false });
  // No probe is there in time to save those whose first beat comes after the others'.
  for (const nodeId of world.nodes.keys()) world.mutes.add(nodeId);
  world.runUntil(world.nowMs + 30_000);
  expect(world.commits).toEqual([]);
  world.mutes.clear();
  world.set('n1', 'gone');
  expect(until(world, 'n1', 'DOWN', 10_000)).toBeLessThanOrEqual(5000);
});

test('a host that is gone while the bus is away is found although its lane was closed before', () => {
  const world = settled({ nodes: 6 });
  world.isBusUp = false;
  world.step({ kind: 'bus', isUp: false });
  world.runUntil(world.nowMs + 10_000);
  world.step({ kind: 'lane', nodeId: 'n1', incarnation: 1, is: 'closed' });
  world.set('n1', 'gone');
  expect(until(world, 'n1', 'DOWN', 20_000)).toBeLessThanOrEqual(5000);
});

test('a node that loses four of five beats is out within ten seconds, and one beat does not bring it back', () => {
  const world = settled({ nodes: 5 });
  world.loses = ({ nodeId, seq }) => nodeId === 'n1' && seq % 5 !== 0;
  world.mutes.add('n1');
  const fromMs = world.nowMs;
  expect(until(world, 'n1', 'SUSPECT', 10_000)).toBeLessThanOrEqual(10_000);
  world.runUntil(fromMs + 10_000);
  world.onTransition = ({ member }) => expect(['SUSPECT', 'DOWN', 'JOINING']).toContain(member.status);
  world.runUntil(fromMs + 120_000);
  expect(world.commits.flat().filter((line) => line.startsWith('n1')).length).toBeLessThanOrEqual(6);
});

/** A suspect of which so many beats were lost by the time it beats again: how long until it is in service. Milliseconds. */
function backAfterLosing(world: World, nodeIds: readonly string[], lost: number): number {
  const [first = ''] = nodeIds;
  for (const nodeId of nodeIds) {
    world.set(nodeId, 'stopped');
    world.node(nodeId).seq += lost;
  }
  until(world, first, 'SUSPECT', 5000);
  for (const nodeId of nodeIds) world.set(nodeId, 'well');
  return until(world, first, 'HEALTHY', 90_000);
}

test('who made no beats is believed with the first, who lost some owes half as many again, thirty at most', () => {
  expect(backAfterLosing(settled({ nodes: 4 }), ['n1'], 0)).toBeLessThanOrEqual(1100);
  const few = backAfterLosing(settled({ nodes: 4 }), ['n1'], 6);
  expect(few).toBeGreaterThan(8000);
  expect(few).toBeLessThanOrEqual(9100);
  const many = backAfterLosing(settled({ nodes: 4 }), ['n1'], 100);
  expect(many).toBeGreaterThan(29_000);
  expect(many).toBeLessThanOrEqual(30_100);
});

test('one beat in five that is lost after an outage keeps a node out for no longer than a minute', () => {
  // Nobody can look at it: then its beats are all there is.
  const world = settled({ nodes: 4, addressed: false });
  world.loses = ({ nodeId, seq }) => nodeId === 'n1' && seq % 5 === 0;
  const back = backAfterLosing(world, ['n1'], 100);
  expect(back).toBeGreaterThan(55_000);
  expect(back).toBeLessThanOrEqual(61_500);
});

test('what a whole zone lost is no fault of its members: they owe nothing', () => {
  const world = settled({ nodes: 15, zones: 5 });
  expect(backAfterLosing(world, ['n1', 'n6', 'n11'], 20)).toBeLessThanOrEqual(2100);
});

test('two of a zone that lost beats are not the zone', () => {
  const world = settled({ nodes: 12, zones: 3 });
  expect(backAfterLosing(world, ['n1', 'n4'], 20)).toBeGreaterThan(28_000);
});

test('a beat that lay on a lane for long does not end a suspicion, a fresh one does', () => {
  const world = settled({ nodes: 4 });
  const node = world.node('n1');
  const seq = node.seq + 1;
  world.set('n1', 'stopped');
  world.runUntil(world.nowMs + 5000);
  expect(world.status('n1')).toBe('SUSPECT');
  node.seq = seq;
  const beat = beatOf({ nodeId: 'n1', zone: node.zone, seq, sentMonoMs: world.nowMs - 4500 });
  world.step({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'direct', partition: null });
  world.runUntil(world.nowMs + 300);
  expect(world.status('n1')).toBe('SUSPECT');
  world.speak(node);
  world.runUntil(world.nowMs + 300);
  expect(world.status('n1')).toBe('HEALTHY');
});

test('a suspect that beats and is not believed yet is suspected anew with its next silence', () => {
  const world = settled({ nodes: 5 });
  world.set('n1', 'gone');
  until(world, 'n1', 'SUSPECT', 5000);
  world.node('n1').seq += 20;
  world.set('n1', 'well');
  world.runUntil(world.nowMs + 10_000);
  expect(world.status('n1')).toBe('SUSPECT');
  world.set('n1', 'gone');
  const fromMs = world.heardAtMs.get('n1') ?? 0;
  until(world, 'n1', 'DOWN', 10_000);
  expect(world.nowMs - fromMs).toBeGreaterThanOrEqual(2450 + 750);
});

/** Every second and third beat is late enough to be asked about, and no look finds it; those in between come. */
function wear(world: World, nodeIds: readonly string[]): void {
  for (const nodeId of nodeIds) world.mutes.add(nodeId);
  world.loses = ({ nodeId, seq }) => nodeIds.includes(nodeId) && seq % 2 === 1;
}

test('a node of which each second beat is lost, and that no look finds, is suspected for it; and never given up', () => {
  const world = settled({ nodes: 5 });
  wear(world, ['n1']);
  expect(until(world, 'n1', 'SUSPECT', 12_000)).toBeLessThanOrEqual(10_000);
  expect(world.lines.join()).toContain('lost again and again');
  world.onTransition = ({ member }) => expect(member.nodeId).not.toBe('n1');
  world.runUntil(world.nowMs + 60_000);
});

test('the same of many is no fault of theirs', () => {
  const world = settled({ nodes: 5 });
  wear(world, ['n1', 'n2', 'n3']);
  world.runUntil(world.nowMs + 30_000);
  expect(world.commits).toEqual([]);
});

test('losing beats alone is no suspicion while looks find the node', () => {
  const world = settled({ nodes: 5 });
  wear(world, ['n1']);
  world.mutes.clear();
  world.runUntil(world.nowMs + 60_000);
  expect(world.lines.filter((line) => line.includes('SUSPECT'))).toEqual([]);
});

test('a fraction of 1 turns the brake off', () => {
  const world = settled({ nodes: 6, zones: 3, brakeFraction: 1 });
  for (const nodeId of ['n1', 'n2', 'n3', 'n4']) world.set(nodeId, 'gone');
  world.runUntil(world.nowMs + 20_000);
  expect(world.status('n1')).toBe('DOWN');
  expect(world.membership.brakes()).toEqual([]);
});

test('a follower proposes nothing, and knows everything when it leads', () => {
  const world = settled({ nodes: 4 });
  world.step({ kind: 'role', isLeader: false, term: 1 });
  world.set('n1', 'gone');
  world.runUntil(world.nowMs + 10_000);
  expect(world.commits).toEqual([]);
  world.step({ kind: 'role', isLeader: true, term: 1 });
  expect(until(world, 'n1', 'DOWN', 5000)).toBeLessThanOrEqual(1200);
});

test('why tells the evidence of now, what is withheld, and what the last verdict rested on', () => {
  const world = settled({ nodes: 4 });
  world.set('n1', 'stopped');
  until(world, 'n1', 'SUSPECT', 5000);
  const suspected = world.observer.why('n1', world.now);
  expect(suspected).toMatchObject({ status: 'SUSPECT', now: { class: 'stalled', lane: 'open' }, withheld: expect.stringContaining('unconfirmed'), doubt: '', lastVerdict: { status: 'SUSPECT', observers: expect.arrayContaining(['self']) } });
  expect(suspected?.now?.probes[0]).toMatchObject({ result: 'accepted' });
  world.set('n2', 'killed');
  until(world, 'n2', 'DOWN', 5000);
  expect(world.observer.why('n2', world.now)?.lastVerdict).toMatchObject({ status: 'DOWN', evidence: { class: 'crashed', phiTrace: expect.arrayContaining([{ silenceMs: 0, phi: expect.any(Number) }]) } });
  expect(world.observer.why('n3', world.now)).toMatchObject({ now: { class: 'alive' }, withheld: '', lastVerdict: null, canary: { partition: 1 } });
  expect(world.observer.why('nobody', world.now)).toBeNull();
});

test('many silent members are probed with a limit, and each in its turn', () => {
  const world = settled({ nodes: 300, zones: 3 });
  world.effects.length = 0;
  for (const nodeId of world.nodes.keys()) world.set(nodeId, 'gone');
  let most = 0;
  const untilMs = world.nowMs + 5000;
  while (world.nowMs < untilMs) {
    world.runUntil(world.nowMs + 50);
    most = Math.max(most, world.observer.load.probesUnderway);
  }
  expect(most).toBeGreaterThan(100);
  expect(most).toBeLessThanOrEqual(2 * 128);
  const asked = new Set(world.effects.flatMap((effect) => (effect.kind === 'probe' && effect.by === 'self' ? [effect.target.nodeId] : [])));
  expect(asked.size).toBe(300);
});

test('who is late because we are behind with reading is not asked why', () => {
  const world = settled({ nodes: 12, zones: 3 });
  // Nothing is read for two seconds: their beats are late, and so is ours.
  const fromMs = world.nowMs;
  world.loses = (_, nowMs) => nowMs >= fromMs && nowMs < fromMs + 1900;
  world.runUntil(fromMs + 1300);
  world.effects.length = 0;
  world.runUntil(fromMs + 1900);
  expect(world.effects.filter((effect) => effect.kind === 'probe')).toEqual([]);
  world.runUntil(fromMs + 30_000);
  expect(world.commits).toEqual([]);
});

test('who was under a brake has a full deadline when it is released', () => {
  const world = settled({ nodes: 6, zones: 3 });
  for (const nodeId of world.nodes.keys()) world.set(nodeId, 'gone');
  world.runUntil(world.nowMs + 90_000);
  const brakes = world.membership.brakes();
  expect(brakes.length).toBeGreaterThan(0);
  for (const { zone } of brakes) world.apply({ kind: 'release', term: 1, atUnixMs: world.now.unixMs, zone, reason: 'said so' });
  for (let at = 2; at <= 6; at++) world.set(`n${at}`, 'well');
  const releasedMs = world.nowMs;
  expect(until(world, 'n1', 'DOWN', 30_000)).toBeGreaterThan(2000);
  expect(world.nowMs).toBeGreaterThan(releasedMs + 2000);
});

test('nobody is unreachable while an answer may be on its way: one that accepts at last is stalled, not gone', () => {
  const world = settled({ nodes: 5 });
  let looks = 0;
  world.onEffect = (effect) => {
    if (effect.kind === 'probe' && effect.by === 'self' && effect.target.nodeId === 'n1') looks += 1;
    // Until here its ways were clogged; it stands still, and that takes the whole of a probe to be seen.
    if (looks === 3) world.node('n1').mode = 'stopped';
  };
  world.set('n1', 'gone');
  world.runUntil(world.nowMs + 10_000);
  expect(looks).toBeGreaterThanOrEqual(3);
  expect(world.commits.flat().join()).not.toContain('DOWN');
});

test('a look that begins while a verdict is on its way is waited for', () => {
  const world = settled({ nodes: 5 });
  let verdicts = 0;
  world.beforeCommit = (commands) => {
    if (!commands.some((command) => command.kind === 'down') || verdicts++ > 0) return;
    world.node('n1').mode = 'stopped';
    world.step({ kind: 'lane', nodeId: 'n1', incarnation: 1, is: 'closed' });
  };
  world.set('n1', 'gone');
  world.runUntil(world.nowMs + 10_000);
  expect(verdicts).toBe(1);
  expect(world.lines.some((line) => line.includes('proposal withdrawn'))).toBe(true);
  expect(world.status('n1')).toBe('SUSPECT');
});

test('a pause of ours does not release a brake: who is not overdue for a moment is not back', () => {
  const world = settled({ nodes: 12, zones: 3 });
  for (const nodeId of ['n1', 'n4', 'n7', 'n10']) world.set(nodeId, 'gone');
  world.runUntil(world.nowMs + 6000);
  expect(world.membership.brakes()).toHaveLength(1);
  world.commits.length = 0;
  for (let pauses = 0; pauses < 3; pauses++) {
    world.pause(6000);
    world.runUntil(world.nowMs + 9000);
  }
  expect(world.commits.flat().filter((line) => line.startsWith('brake'))).toEqual([]);
  for (const nodeId of ['n1', 'n4', 'n7', 'n10']) world.set(nodeId, 'well');
  world.runUntil(world.nowMs + 2000);
  expect(world.membership.brakes()).toEqual([]);
});

test('one whom we and a fellow of ours do not see is not given up while another sees it, whoever does not hear our questions', () => {
  // The last is of the zone of n1, and so asked after the others.
  for (const friend of [3, 14, 4]) {
    const world = settled({ nodes: 14, zones: 3 });
    // Beats of n1 get lost; n2 sees as little as we do; of the others only one hears us.
    world.loses = ({ nodeId }) => nodeId === 'n1';
    world.hides = (nodeId, by) => nodeId === 'n1' && (by === 'self' || by === 'n2');
    for (const nodeId of world.nodes.keys()) if (nodeId !== 'n2' && nodeId !== `n${friend}`) world.deaf.add(nodeId);
    expect(until(world, 'n1', 'DOWN', 30_000)).toBe(Infinity);
  }
});

test('a single fellow who agrees does not confirm silence while most do not answer: that waits for the long limit', () => {
  const world = settled({ nodes: 14, zones: 3 });
  world.set('n1', 'gone');
  for (const nodeId of world.nodes.keys()) if (nodeId !== 'n2') world.deaf.add(nodeId);
  const downAfterMs = until(world, 'n1', 'DOWN', 30_000);
  expect(downAfterMs).toBeGreaterThan(10_500);
  expect(downAfterMs).toBeLessThanOrEqual(12_100);
});

test('that those do not answer who are missing themselves holds up no verdict', () => {
  const world = settled({ nodes: 9, brakeFraction: 1 });
  const gone = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'];
  for (const nodeId of gone) world.set(nodeId, 'gone');
  world.runUntil(world.nowMs + 4000);
  expect(gone.map((nodeId) => world.status(nodeId))).toEqual(gone.map(() => 'DOWN'));
});
