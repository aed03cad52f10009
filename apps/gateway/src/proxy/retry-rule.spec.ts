import { retryVerdict } from './retry-rule.js';

const neverSent = { wasSent: false, isBodyUsed: false };
const sent = { ...neverSent, wasSent: true };

test.each([
  { name: 'a GET that was never sent', method: 'GET', failed: neverSent, verdict: 'free' },
  { name: 'a POST that was never sent', method: 'POST', failed: neverSent, verdict: 'free' },
  { name: 'a GET that was sent', method: 'GET', failed: sent, verdict: 'budget' },
  { name: 'a DELETE that was sent', method: 'DELETE', failed: sent, verdict: 'budget' },
  { name: 'a POST that was sent', method: 'POST', failed: sent, verdict: 'never' },
  { name: 'a PATCH that was sent', method: 'PATCH', failed: sent, verdict: 'never' },
  { name: 'a PUT whose body is gone', method: 'PUT', failed: { ...sent, isBodyUsed: true }, verdict: 'never' },
] as const)('$name is retried: $verdict', ({ method, failed, verdict }) => {
  expect(retryVerdict(method, failed)).toBe(verdict);
});
