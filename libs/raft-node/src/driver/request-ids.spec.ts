import { firstRequestId } from './request-ids.js';

test('each life of a member asks under ids of its own, which stay exact numbers', () => {
  const ids = Array.from({ length: 100 }, firstRequestId);
  expect(new Set(ids).size).toBe(100);
  expect(ids.every((id) => Number.isSafeInteger(id + 2 ** 52) && id > 0)).toBe(true);
});
