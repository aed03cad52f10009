/** Whom a crowd of callers keeps out: itself. */
import fc from 'fast-check';
import { Strangers } from './strangers.js';

test('as many as there is room for stay; then the oldest of the address that has most goes', () => {
  const strangers = new Strangers<string>(3);
  expect([strangers.came('a1', 'a'), strangers.came('b1', 'b'), strangers.came('b2', 'b')]).toEqual([null, null, null]);
  expect([strangers.came('a2', 'a'), strangers.came('b3', 'b'), strangers.came('b4', 'b')]).toEqual(['a1', 'b1', 'b2']);
  expect(strangers.all()).toEqual(['a2', 'b3', 'b4']);
});

test('room is free again when somebody leaves', () => {
  const strangers = new Strangers<string>(1);
  strangers.came('a1', 'a');
  strangers.left('a1');
  expect(strangers.came('b1', 'b')).toBeNull();
});

test('among many addresses with one each it is the one that has been silent for longest', () => {
  const strangers = new Strangers<string>(2);
  expect([strangers.came('a', 'a'), strangers.came('b', 'b'), strangers.came('c', 'c')]).toEqual([null, null, 'a']);
});

test('whoever comes alone from its address stays, however many come from fewer addresses than there is room', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('x', 'y', 'z'), { minLength: 20, maxLength: 60 }), fc.nat(19), (crowd, at) => {
      const strangers = new Strangers<string | number>(8);
      for (const [position, address] of crowd.entries()) {
        if (position === at) strangers.came('member', 'its own');
        strangers.came(position, address);
      }
      expect(strangers.all()).toContain('member');
      expect(strangers.all()).toHaveLength(8);
    }),
  );
});
