import { DEFAULT_ROUTES, matchRoute } from './routes.js';

test.each([
  { method: 'GET', url: '/api/logs', expected: { kind: 'route', service: 'consumer', path: '/logs' } },
  { method: 'HEAD', url: '/api/logs', expected: { kind: 'route', service: 'consumer', path: '/logs' } },
  { method: 'GET', url: '/api/logs?q=a%2Fb&x=/../', expected: { kind: 'route', service: 'consumer', path: '/logs?q=a%2Fb&x=/../' } },
  { method: 'GET', url: '/api/logs/count?level=error', expected: { kind: 'route', service: 'consumer', path: '/logs/count?level=error' } },
  { method: 'POST', url: '/api/logs', expected: { kind: 'route', service: 'producer', path: '/logs' } },
  { method: 'POST', url: '/api/logs/count', expected: { kind: 'method-not-allowed', allowed: ['GET', 'HEAD'] } },
  { method: 'DELETE', url: '/api/logs', expected: { kind: 'method-not-allowed', allowed: ['GET', 'HEAD', 'POST'] } },
  { method: 'GET', url: '/api/logs/../stats', expected: { kind: 'ambiguous-path' } },
  { method: 'GET', url: '/api/logs/%2E./stats', expected: { kind: 'ambiguous-path' } },
  { method: 'GET', url: '/api/logs\\..\\stats', expected: { kind: 'not-ours' } },
  { method: 'GET', url: '/api/logs/a\\..\\stats', expected: { kind: 'ambiguous-path' } },
  { method: 'GET', url: '/api/logsfoo', expected: { kind: 'not-ours' } },
  { method: 'GET', url: '/cluster/status', expected: { kind: 'not-ours' } },
  { method: 'GET', url: 'http://elsewhere/api/logs', expected: { kind: 'not-ours' } },
])('$method $url gives $expected.kind', ({ method, url, expected }) => {
  expect(matchRoute(DEFAULT_ROUTES, method, url)).toEqual(expected);
});
