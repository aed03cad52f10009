import { profile } from '../testing/fixtures.js';
import type { Effect } from './effect.js';
import { ProbePlan } from './probe-plan.js';
import type { Seen } from './seen.js';
import { Trouble } from './trouble.js';
import { Witnesses } from './witnesses.js';

const able = () => profile;
const isLast = () => false;
const looked = (nodeId: string, nowMs = 0) => ({ seen: { nodeId, incarnation: 1, profile } as Seen, trouble: new Trouble(1, nowMs) });
const asked = (effects: readonly Effect[]): string[] => effects.flatMap((effect) => (effect.kind === 'probe' ? [`${effect.target.nodeId} by ${effect.by}`] : []));

test('a node is probed once at a time, sooner again after a refusal than after silence', () => {
  const plan = new ProbePlan('self', 500);
  const one = looked('a');
  expect(asked(plan.look([one], able, 0))).toEqual(['a by self']);
  expect(asked(plan.look([one], able, 5000))).toEqual([]);
  plan.done('a', 'self');
  plan.pace(one.trouble, 'refused', 5000);
  expect([asked(plan.look([one], able, 5099)), asked(plan.look([one], able, 5100))]).toEqual([[], ['a by self']]);
  plan.done('a', 'self');
  plan.pace(one.trouble, 'silent', 6000);
  expect([asked(plan.look([one], able, 6199)), asked(plan.look([one], able, 6200))]).toEqual([[], ['a by self']]);
});

test('others are asked beside us, two at first and three later, never the node itself', () => {
  const plan = new ProbePlan('self', 500);
  for (const nodeId of ['a', 'b', 'c', 'd', 'e']) plan.witnesses.opened(nodeId);
  const one = looked('a');
  expect(asked(plan.look([one], able, 0))).toHaveLength(3);
  plan.done('a', 'self');
  for (const by of ['b', 'c', 'd', 'e']) plan.done('a', by);
  plan.pace(one.trouble, 'silent', 500);
  const second = asked(plan.look([one], able, 1000));
  expect(second).toHaveLength(4);
  expect(second).not.toContain('a by a');
});

test('only so many are probed at once, and of many silent nodes nobody is asked twice before everybody was asked', () => {
  const plan = new ProbePlan('self', 500);
  const all = Array.from({ length: 1000 }, (_, at) => looked(`n${at}`));
  const byId = new Map(all.map((one) => [one.seen.nodeId, one]));
  const seen: string[] = [];
  for (let round = 0; seen.length < all.length && round < 10; round++) {
    const now = round * 2000;
    const taken = plan.look(all, able, now).flatMap((effect) => (effect.kind === 'probe' ? [effect.target.nodeId] : []));
    expect(taken.length).toBeLessThanOrEqual(128);
    seen.push(...taken.slice(0, all.length - seen.length));
    for (const nodeId of taken) {
      plan.done(nodeId, 'self');
      const one = byId.get(nodeId);
      if (one !== undefined) plan.pace(one.trouble, 'silent', now + 1000);
    }
  }
  expect(new Set(seen).size).toBe(1000);
});

test('a probe that is never answered is given up, and the node is looked at again', () => {
  const plan = new ProbePlan('self', 500);
  plan.look([looked('a')], able, 0);
  expect(plan.expire(2499)).toEqual([]);
  expect(plan.expire(2500)).toEqual(['a']);
  expect(plan.underway).toBe(0);
});

test('who is new is looked at once, so many at a time', () => {
  const plan = new ProbePlan('self', 500);
  for (let at = 0; at < 100; at++) plan.introduce(`n${at}`);
  const seenOf = (nodeId: string) => ({ nodeId, incarnation: 1, profile, isProbeable: false }) as Seen;
  const first = asked(plan.firstLooks(seenOf, 0));
  const second = asked(plan.firstLooks(seenOf, 250));
  expect([first.length, second.length, new Set([...first, ...second]).size]).toEqual([32, 32, 64]);
});

test('members of another zone and host are asked before those that may have failed together', () => {
  const witnesses = new Witnesses();
  const profiles = new Map([
    ['same-host', { ...profile, zone: 'zone-a', httpUrl: 'http://10.0.0.1:1' }],
    ['same-zone', { ...profile, zone: 'zone-a', httpUrl: 'http://10.0.0.2:1' }],
    ['other-zone', { ...profile, zone: 'zone-b', httpUrl: 'http://10.0.0.3:1' }],
    ['suspect', { ...profile, zone: 'zone-c', httpUrl: 'http://10.0.0.4:1' }],
  ]);
  for (const nodeId of profiles.keys()) witnesses.opened(nodeId);
  const target = { nodeId: 'target', profile: { ...profile, zone: 'zone-a', httpUrl: 'http://10.0.0.1:9' } };
  for (let round = 0; round < 8; round++) {
    expect(witnesses.choose(target, { count: 3, round, isLast, able: (nodeId) => (nodeId === 'suspect' ? null : (profiles.get(nodeId) ?? null)) })).toEqual(['other-zone', 'same-zone', 'same-host']);
  }
  witnesses.closed('other-zone');
  expect(witnesses.choose(target, { count: 1, round: 0, isLast, able: (nodeId) => profiles.get(nodeId) ?? null })).toEqual(['suspect']);
});

test('who was asked and did not answer is asked again when nobody else is left, even of the same host', () => {
  const witnesses = new Witnesses();
  for (const nodeId of ['deaf-1', 'deaf-2', 'same-host']) witnesses.opened(nodeId);
  const home = { ...profile, httpUrl: 'http://10.0.0.1:1' };
  const elsewhere = { ...profile, zone: 'far', httpUrl: 'http://10.0.0.2:1' };
  const choose = (round: number) => witnesses.choose({ nodeId: 'target', profile: home }, { count: 2, round, isLast: (nodeId) => nodeId !== 'same-host', able: (nodeId) => (nodeId === 'same-host' ? home : elsewhere) });
  for (let round = 0; round < 6; round++) {
    expect(choose(round)[0]).toBe('same-host');
    expect(choose(round)).toHaveLength(2);
  }
});

test('while some do not answer, each round asks others, until everybody was asked; that lapses', () => {
  const plan = new ProbePlan('self', 500);
  const ids = Array.from({ length: 8 }, (_, at) => `w${at}`);
  // Found in another order than that of the turns.
  for (const nodeId of ids) plan.witnesses.opened(nodeId);
  const one = looked('a');
  const askedOnce = new Set<string>();
  let nowMs = 0;
  for (let round = 0; round < 3; round++, nowMs += 700) {
    one.trouble.dueAtMs = nowMs;
    plan.look([one], able, nowMs);
    for (const by of one.trouble.asked) {
      plan.done('a', by);
      if (by === 'self') continue;
      expect(askedOnce).not.toContain(by);
      askedOnce.add(by);
      one.trouble.unanswered(by, nowMs);
    }
  }
  expect(askedOnce.size).toBe(8);
  expect(ids.filter((by) => one.trouble.isUnanswered(by, nowMs))).toHaveLength(8);
  expect(ids.filter((by) => one.trouble.isUnanswered(by, nowMs + 5000))).toEqual([]);
  expect(ids.filter((by) => one.trouble.isAskedLast(by, nowMs + 5000))).toHaveLength(8);
  expect(ids.filter((by) => one.trouble.isAskedLast(by, nowMs + 20_000))).toEqual([]);
});

test('who got an answer is asked again, whoever has his turn, while he may be asked', () => {
  const plan = new ProbePlan('self', 500);
  for (let at = 0; at < 40; at++) plan.witnesses.opened(`w${at}`);
  const one = looked('a');
  one.trouble.note({ by: 'w7', result: 'answered', atMs: 0, mainLagMs: 0 });
  const rounds: (readonly string[])[] = [];
  for (let round = 0; round < 12; round++) {
    one.trouble.dueAtMs = 0;
    plan.look([one], round === 11 ? (nodeId) => (nodeId === 'w7' ? null : profile) : able, 0);
    rounds.push(one.trouble.asked);
    for (const by of one.trouble.asked) plan.done('a', by);
  }
  expect(rounds.map((asked) => asked.includes('w7'))).toEqual([...Array.from({ length: 11 }, () => true), false]);
  expect(rounds.map((asked) => new Set(asked).size)).toEqual([3, ...Array.from({ length: 11 }, () => 4)]);
});

test('who answers again is no longer one who does not', () => {
  const { trouble } = looked('a');
  trouble.unanswered('w', 0);
  trouble.note({ by: 'w', result: 'silent', atMs: 10, mainLagMs: 0 });
  expect([trouble.isUnanswered('w', 10), [...trouble.unansweringIds]]).toEqual([false, []]);
  trouble.unanswered('v', 20);
  trouble.unanswered('w', 20_021);
  expect([...trouble.unansweringIds]).toEqual(['w']);
});

test('equals take turns', () => {
  const witnesses = new Witnesses();
  for (let at = 0; at < 12; at++) witnesses.opened(`w${at}`);
  const chosen = new Set<string>();
  for (let round = 0; round < 12; round++) for (const nodeId of witnesses.choose({ nodeId: 'target', profile }, { count: 3, round, able, isLast })) chosen.add(nodeId);
  expect(chosen.size).toBe(12);
});

test('when thousands answer at once only so many are asked in a moment; closed lanes are asked about at any price', () => {
  const plan = new ProbePlan('self', 500);
  const all = Array.from({ length: 1000 }, (_, at) => looked(`n${at}`));
  let begun = plan.look(all, able, 0);
  let count = 0;
  // Each answers at once.
  while (begun.length > 0 && count < 1000) {
    count += begun.length;
    for (const effect of begun) if (effect.kind === 'probe') plan.done(effect.target.nodeId, effect.by);
    begun = plan.goOn(able, 10);
  }
  expect(count).toBe(128);
  const closed = looked('closed', 20);
  closed.trouble.laneClosedAtMs = 20;
  expect(asked(plan.look([closed], able, 20))).toEqual(['closed by self']);
  plan.done('closed', 'self');
  expect(plan.look(all, able, 260).length).toBe(128);
});
