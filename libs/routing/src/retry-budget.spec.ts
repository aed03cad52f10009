import fc from 'fast-check';
import { RetryBudget } from './retry-budget.js';

test('retries never exceed what was saved at first plus a fifth of the requests', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 500 }), (isRetry) => {
      const budget = new RetryBudget();
      let requests = 0;
      let retries = 0;
      for (const wantsRetry of isRetry) {
        if (!wantsRetry) {
          budget.request();
          requests += 1;
        } else if (budget.takeRetry()) retries += 1;
        expect(retries).toBeLessThanOrEqual(10 + 0.2 * requests + 1e-9);
      }
    }),
  );
});

test('after the savings every fifth request may be retried', () => {
  const budget = new RetryBudget();
  while (budget.takeRetry());
  let retries = 0;
  for (let n = 0; n < 1000; n++) {
    budget.request();
    if (budget.takeRetry()) retries += 1;
  }
  expect(retries).toBeGreaterThanOrEqual(199);
  expect(retries).toBeLessThanOrEqual(200);
  expect(budget.left()).toBe(0);
});
