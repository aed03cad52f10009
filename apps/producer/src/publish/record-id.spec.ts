import fc from 'fast-check';
import { z } from 'zod';
import { derivedId, timeOrderedId } from './record-id.js';

const uuid = z.uuid();

test('new ids are UUIDs that sort by time', () => {
  const ids = [1, 1_700_000_000_000, 1_700_000_000_001, 253_402_300_799_999].map(timeOrderedId);
  for (const id of ids) expect(uuid.safeParse(id).success).toBe(true);
  expect(ids.toSorted()).toEqual(ids);
  expect(timeOrderedId(5)).not.toBe(timeOrderedId(5));
});

test('derived ids are UUIDs, equal for equal parts and different for different ones', () => {
  const part = fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 4 });
  fc.assert(
    fc.property(part, part, (a, b) => {
      expect(uuid.safeParse(derivedId(a)).success).toBe(true);
      expect(derivedId(a) === derivedId(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});
