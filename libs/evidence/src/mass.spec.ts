import fc from 'fast-check';
import type { Brake } from '@muster/contracts';
import { memberIn, profile } from '../testing/fixtures.js';
import { census, isMass, mayRelease, whereToBrake } from './mass.js';

const members = (zones: readonly string[]) =>
  zones.map((zone, at) => {
    const member = memberIn('HEALTHY');
    return { ...member, record: { ...member.record, ...profile, nodeId: `n${at}`, zone } };
  });

interface Case {
  readonly name: string;
  readonly zones: readonly string[];
  readonly silent: readonly string[];
  readonly expected: string;
}
const abc = ['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b', 'c', 'c', 'c', 'c'];
const cases: readonly Case[] = [
  { name: 'one of three', zones: ['a', 'a', 'a'], silent: ['n0'], expected: 'nowhere' },
  { name: 'two of three', zones: ['a', 'a', 'a'], silent: ['n0', 'n1'], expected: 'cluster' },
  { name: 'exactly the fraction', zones: Array.from({ length: 10 }, () => 'a'), silent: ['n0', 'n1', 'n2'], expected: 'nowhere' },
  { name: 'half of one zone of three', zones: abc, silent: ['n0', 'n1'], expected: 'zone a' },
  { name: 'all of one zone of three, which is a third of the cluster', zones: abc, silent: ['n0', 'n1', 'n2', 'n3'], expected: 'zone a' },
  { name: 'one zone of three and somebody else', zones: abc, silent: ['n0', 'n1', 'n2', 'n3', 'n4'], expected: 'cluster' },
  { name: 'another zone is dark, ours is not', zones: abc, silent: ['n0', 'n4', 'n5'], expected: 'nowhere' },
];

test.each(cases)('$name silent: brake $expected', ({ zones, silent, expected }) => {
  const where = whereToBrake(census(members(zones), (nodeId) => silent.includes(nodeId)), 'a', 0.3);
  expect(where === undefined ? 'nowhere' : where.zone === null ? 'cluster' : `zone ${where.zone}`).toBe(expected);
});

test('who is dead, gone or about to leave is not counted', () => {
  const gone = (['DOWN', 'LEFT', 'LEAVING'] as const).map((status) => memberIn(status));
  expect(census(gone, () => true).cluster).toEqual({ silent: [], all: 0 });
});

test('a mass is never fewer than two, never at a fraction of 1, and more silent ones never end it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 50 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (silent, more, fraction) => {
      const of = (count: number) => ({ silent: Array.from({ length: count }, (_, at) => `n${at}`), all: 100 });
      expect(isMass(of(silent), 1)).toBe(false);
      expect(silent < 2 && isMass(of(silent), fraction)).toBe(false);
      expect(isMass(of(silent), fraction) && !isMass(of(silent + more), fraction)).toBe(false);
    }),
  );
});

test('a brake lets go when enough are back, and not because some were removed', () => {
  const brake: Brake = { zone: 'a', reason: '', sinceUnixMs: 0, holdsUntilUnixMs: 0, nodeIds: ['n1', 'n2', 'n3', 'n4'] };
  const area = { silent: ['n1', 'n2', 'n3'], all: 9 };
  expect(mayRelease(brake, { ...area, all: 10 }, { removed: 0, fraction: 0.3 })).toBe(true);
  expect(mayRelease(brake, area, { removed: 1, fraction: 0.3 })).toBe(false);
  expect(mayRelease(brake, { silent: ['n1'], all: 2 }, { removed: 0, fraction: 0.3 })).toBe(true);
  // Who fell silent later is not what this brake is about.
  expect(mayRelease(brake, { silent: ['n1', 'n7', 'n8', 'n9'], all: 10 }, { removed: 0, fraction: 0.3 })).toBe(true);
});
