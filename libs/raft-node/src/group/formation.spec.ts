/** Promises of founders: what may be founded, and that it is never two groups. */
import fc from 'fast-check';
import type { FoundingPromise, RaftIntroduction } from '@muster/contracts';
import { clusterIdOf, compareRank, formationStep, type FormationStep, type Unformed } from './formation.js';

const storeIdOf = (name: string, disk = 0): string => `00000000-0000-4000-8000-0000000${name.charCodeAt(0).toString(16)}${String(disk).padStart(3, '0')}`;
const one = (nodeId: string, expect = 3, disk = 0): Unformed => ({ cluster: 'test', nodeId, storeId: storeIdOf(nodeId, disk), httpUrl: `http://${nodeId}:1`, raftUrl: `raft://${nodeId}:2`, expect });
const introduced = (self: Unformed, more: Partial<RaftIntroduction> = {}): RaftIntroduction => ({ ...self, clusterId: null, promise: null, leaderId: null, leaderHttpUrl: null, ...more });
const promiseOf = (names: string, round = 0): FoundingPromise => ({ round, members: names.split('').map((name) => one(name)).map(({ nodeId, storeId, httpUrl, raftUrl }) => ({ nodeId, storeId, httpUrl, raftUrl })) });
const namesIn = (step: FormationStep): string | null => {
  if (step.kind === 'join') return null;
  const members = step.kind === 'found' ? step.members : step.promise?.members;
  return members?.map(({ nodeId }) => nodeId).join('') ?? null;
};
const seen = (names: string, promise: FoundingPromise | null = null): RaftIntroduction[] => names.split('').map((name) => introduced(one(name), { promise }));

describe('one step', () => {
  test('nothing is promised before enough are seen, and the names are said', () => {
    expect(formationStep(one('a'), null, seen('b'))).toEqual({ kind: 'wait', promise: null, detail: "2 of 3 coordinators see each other ('a', 'b'): start the others, or correct cluster.coordinators" });
  });

  test('the first by name are promised, and founded only when each of them has promised the same', () => {
    expect(formationStep(one('b'), null, seen('cda'))).toMatchObject({ kind: 'wait', promise: promiseOf('abc') });
    expect(formationStep(one('b'), promiseOf('abc'), [...seen('a', promiseOf('abc')), ...seen('c')])).toMatchObject({ kind: 'wait', detail: expect.stringContaining("'c' at http://c:1 has not agreed yet") });
    expect(formationStep(one('b'), promiseOf('abc'), [...seen('a', promiseOf('abc')), ...seen('c', promiseOf('bcd'))])).toMatchObject({ kind: 'wait' });
    expect(formationStep(one('b'), promiseOf('abc'), seen('ac', promiseOf('abc')))).toMatchObject({ kind: 'found', clusterId: clusterIdOf('test', promiseOf('abc').members) });
  });

  test('whoever is not among them promises it as well, and founds nothing', () => {
    expect(namesIn(formationStep(one('d'), null, seen('abc', promiseOf('abc'))))).toBe('abc');
    expect(formationStep(one('d'), promiseOf('abc'), seen('abc', promiseOf('abc'))).kind).toBe('wait');
  });

  test('a promise is kept while it can come true, whoever else is seen', () => {
    expect(formationStep(one('b'), promiseOf('bcd'), seen('ac'))).toMatchObject({ promise: promiseOf('bcd') });
    expect(formationStep(one('b'), promiseOf('abc'), seen('cd', promiseOf('bcd')))).toMatchObject({ promise: promiseOf('abc') });
  });

  test('it is given up for a higher one when somebody whom it needs has promised a higher one', () => {
    expect(formationStep(one('b'), promiseOf('bcd'), [...seen('a', promiseOf('abc')), ...seen('c', promiseOf('abc')), ...seen('d', promiseOf('bcd'))])).toMatchObject({ promise: promiseOf('abc') });
    // Of a lower rank only in a later round.
    expect(formationStep(one('b'), promiseOf('abc'), [...seen('c', promiseOf('bcd', 1)), ...seen('d')])).toMatchObject({ promise: promiseOf('bcd', 1) });
    expect(compareRank(promiseOf('bcd', 1), promiseOf('abc'))).toBeLessThan(0);
  });

  test('it is given up when somebody whom it needs comes with another disk', () => {
    const step = formationStep(one('a'), promiseOf('abc'), [introduced(one('b'), { promise: promiseOf('abc') }), introduced(one('c', 3, 1))]);
    expect(step).toMatchObject({ kind: 'wait' });
    expect(step.kind === 'wait' && step.promise?.members.map(({ storeId }) => storeId)).toEqual([storeIdOf('a'), storeIdOf('b'), storeIdOf('c', 1)]);
    expect(step.kind === 'wait' && step.promise !== null && compareRank(step.promise, promiseOf('abc'))).toBeLessThan(0);
  });

  test('addresses that were promised first are taken over, though a member has moved since', () => {
    const moved = introduced({ ...one('a'), httpUrl: 'http://a:9' });
    expect(formationStep(one('b'), null, [moved, ...seen('c', promiseOf('abc'))])).toMatchObject({ promise: promiseOf('abc') });
  });

  test('different numbers of expected coordinators and a name that two have stop everything', () => {
    expect(formationStep(one('a'), null, [introduced(one('b', 1)), ...seen('c')])).toMatchObject({ kind: 'wait', promise: null, detail: "'b' expects 1 coordinators and 'a' 3: give all the same raft.expect" });
    expect(formationStep(one('a'), null, [introduced(one('b')), introduced(one('b', 3, 1))])).toMatchObject({ kind: 'wait', promise: null, detail: expect.stringContaining("two coordinators are called 'b'") });
  });

  test('a group that is there is joined, founded with if we promised it, and not chosen from two', () => {
    const id = clusterIdOf('test', promiseOf('abc').members);
    const formed = (name: string, clusterId: string): RaftIntroduction => introduced(one(name), { clusterId });
    expect(formationStep(one('d'), null, [formed('a', id), ...seen('bc')])).toMatchObject({ kind: 'join', clusterId: id });
    expect(formationStep(one('b'), promiseOf('abc'), [formed('a', id)])).toMatchObject({ kind: 'found', clusterId: id });
    expect(formationStep(one('b'), promiseOf('bcd'), [formed('a', id)])).toMatchObject({ kind: 'join', clusterId: id });
    expect(formationStep(one('d'), promiseOf('abc'), [formed('a', id)])).toMatchObject({ kind: 'join', clusterId: id });
    const other = clusterIdOf('test', promiseOf('xyz').members);
    expect(formationStep(one('d'), null, [formed('a', id), formed('x', other)])).toMatchObject({ kind: 'wait', detail: expect.stringContaining("more than one group is called 'test'") });
  });

  test('ourselves and other clusters are not counted', () => {
    const strangers = [introduced(one('a')), introduced({ ...one('b'), cluster: 'other' }), introduced({ ...one('c'), cluster: 'other' }, { clusterId: storeIdOf('z') })];
    expect(formationStep(one('a'), null, strangers)).toMatchObject({ kind: 'wait', detail: expect.stringContaining('1 of 3') });
  });
});

/** Coordinators that ask each other, with answers that come late, get lost or are of before a crash; the model of everything around `formationStep`. */
class World {
  readonly promises = new Map<string, FoundingPromise>();
  readonly founded = new Map<string, string>();
  readonly joined = new Map<string, string>();
  /** What each has heard last of each other, by both names. */
  private readonly heard = new Map<string, RaftIntroduction>();

  constructor(
    readonly names: readonly string[],
    readonly wanted: number,
  ) {}

  introduce(name: string): RaftIntroduction {
    return introduced(one(name, this.wanted), { promise: this.promises.get(name) ?? null, clusterId: this.founded.get(name) ?? this.joined.get(name) ?? null });
  }

  hear(by: string, of: string): void {
    this.heard.set(by + of, this.introduce(of));
  }

  /** Decides on what it has heard since it decided last: each answer is used in one round. */
  decide(by: string): void {
    const answers = this.names.flatMap((of) => this.heard.get(by + of) ?? []);
    for (const of of this.names) this.heard.delete(by + of);
    if (this.founded.has(by) || this.joined.has(by)) return;
    const step = formationStep(one(by, this.wanted), this.promises.get(by) ?? null, answers);
    if (step.kind === 'wait' && step.promise !== null) {
      const before = this.promises.get(by);
      if (before !== undefined && compareRank(step.promise, before) > 0) throw new Error(`'${by}' went back from ${JSON.stringify(before)} to ${JSON.stringify(step.promise)}`);
      this.promises.set(by, step.promise);
    }
    if (step.kind === 'found') this.founded.set(by, step.clusterId);
    if (step.kind === 'join') this.joined.set(by, step.clusterId);
  }

  /** Everybody hears everybody and decides, again and again. */
  calm(): void {
    for (let round = 0; round < 4 * this.names.length; round++) {
      for (const by of this.names) {
        for (const of of this.names) if (of !== by) this.hear(by, of);
        this.decide(by);
      }
    }
  }
}

/** Each a look at some of the others; what was heard in looks before it may be old by the time that it decides. */
const looks = fc.array(fc.record({ by: fc.nat(6), of: fc.nat(127), decides: fc.nat(9).map((chance) => chance > 0) }), { maxLength: 80 });

test('fewer than twice as many as are expected never found two groups, whatever each of them sees and when; and in calm all belong to one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.nat(10), looks, (wanted, extra, chaos) => {
      const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].slice(0, wanted + (extra % wanted));
      const world = new World(names, wanted);
      for (const { by, of, decides } of chaos) {
        const name = names[by % names.length] ?? 'a';
        names.forEach((other, bit) => ((of >> bit) & 1) === 1 && other !== name && world.hear(name, other));
        if (decides) world.decide(name);
      }
      // With one expected each may found alone what it alone sees: that is what the setting says.
      const groupsMax = wanted > 1 ? 1 : names.length;
      expect(new Set(world.founded.values()).size).toBeLessThanOrEqual(groupsMax);
      world.calm();
      expect(new Set([...world.founded.values(), ...world.joined.values()]).size).toBeLessThanOrEqual(groupsMax);
      expect(world.founded.size + world.joined.size).toBe(names.length);
      expect(world.founded.size).toBeGreaterThan(wanted / 2);
    }),
    { numRuns: 2000 },
  );
});

test('the id of a group is that of its members, in any order, and a UUID', () => {
  const { members } = promiseOf('abc');
  const id = clusterIdOf('test', members);
  expect(clusterIdOf('test', members.toReversed())).toBe(id);
  expect(clusterIdOf('other', members)).not.toBe(id);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});
