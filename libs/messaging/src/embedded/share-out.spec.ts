import fc from 'fast-check';
import { type GroupMember, shareOut } from './share-out.js';

const keys = (count: number): string[] => Array.from({ length: count }, (_, n) => `t/${n}`);
const members = (ids: readonly number[]): GroupMember[] => ids.map((id) => ({ id, topics: new Set(['t']) }));
const share = (count: number, ids: readonly number[], current: ReadonlyMap<string, number> = new Map()): Map<string, number> => shareOut('t', keys(count), members(ids), current, new Map());

describe('sharing partitions out', () => {
  it('gives every partition to exactly one reader, evenly, whoever held what before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }), fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 40 }), (count, ids, before) => {
        const owners = share(count, ids, new Map(before.map((id, n) => [`t/${n}`, id])));
        const loads = ids.map((id) => [...owners.values()].filter((owner) => owner === id).length);
        expect(owners.size).toBe(count);
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves no more than it must when a member joins', () => {
    const before = share(12, [1, 2]);
    const after = share(12, [1, 2, 3], before);
    expect([...after].filter(([key, owner]) => before.get(key) !== owner).length).toBe(4);
  });

  it('moves only the partitions of a member that left', () => {
    const before = share(12, [1, 2, 3]);
    const after = share(12, [1, 3], before);
    expect([...after].filter(([key, owner]) => before.get(key) !== owner && before.get(key) !== 2)).toEqual([]);
  });

  it('gives the single partitions of several topics to different members', () => {
    const loads = new Map<number, number>();
    const readers: GroupMember[] = [1, 2].map((id) => ({ id, topics: new Set(['a', 'b']) }));
    const a = shareOut('a', ['a/0'], readers, new Map(), loads);
    const b = shareOut('b', ['b/0'], readers, new Map(), loads);
    expect(a.get('a/0')).not.toBe(b.get('b/0'));
  });

  it('gives nothing when nobody reads the topic', () => {
    expect(shareOut('other', ['other/0'], members([1]), new Map(), new Map()).size).toBe(0);
  });
});
