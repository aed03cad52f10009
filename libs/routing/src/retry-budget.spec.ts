import fc from 'fast-check';
import { RETRY_BUDGET_DEFAULTS, RetryBudget } from './retry-budget.js';

const { windowMs } = RETRY_BUDGET_DEFAULTS;

test('in a window there are never more retries than the least number plus a fifth of the requests', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ afterMs: fc.nat(400), isRetry: fc.boolean() }), { maxLength: 500 }), (calls) => {
      const budget = new RetryBudget();
      const requestsAt: number[] = [];
      const retriesAt: number[] = [];
      let nowMs = 0;
      for (const { afterMs, isRetry } of calls) {
        nowMs += afterMs;
        if (!isRetry) {
          budget.request(nowMs);
          requestsAt.push(nowMs);
        } else if (budget.takeRetry(nowMs)) retriesAt.push(nowMs);
        // The window begins on a step, so it is up to a tenth shorter than its name.
        const fromMs = (Math.floor((nowMs * 10) / windowMs) - 9) * (windowMs / 10);
        const within = (times: readonly number[]): number => times.filter((atMs) => atMs >= fromMs).length;
        expect(within(retriesAt)).toBeLessThanOrEqual(10 + 0.2 * within(requestsAt) + 1e-9);
      }
    }),
  );
});

test('all that a dead member had in its hands may be asked again when there was traffic before', () => {
  const budget = new RetryBudget();
  for (let nowMs = 0; nowMs < 2000; nowMs++) budget.request(nowMs);
  let retries = 0;
  while (budget.takeRetry(2000)) retries += 1;
  expect(retries).toBe(410);
});

test('what was not used in a window is not saved up', () => {
  const budget = new RetryBudget();
  for (let n = 0; n < 1000; n++) budget.request(0);
  expect(budget.left(0)).toBe(210);
  expect(budget.left(windowMs)).toBe(10);
});

test('a service without traffic has its least number, and again in the next window', () => {
  const budget = new RetryBudget();
  for (let n = 0; n < 10; n++) expect(budget.takeRetry(0)).toBe(true);
  expect(budget.takeRetry(windowMs - 1)).toBe(false);
  expect(budget.takeRetry(windowMs)).toBe(true);
});
