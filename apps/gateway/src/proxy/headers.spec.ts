import { requestHeaders, responseHeaders } from './headers.js';

const client = { address: '10.0.0.9', isTls: false };

test('hop-by-hop headers stay here, those that Connection names included', () => {
  expect(requestHeaders(['Connection', 'keep-alive, X-Secret', 'Keep-Alive', 'timeout=5', 'X-Secret', '1', 'TE', 'trailers', 'Upgrade', 'h2c', 'Expect', '100-continue', 'Transfer-Encoding', 'chunked', 'Accept', '*/*'], client).slice(0, 2)).toEqual(['Accept', '*/*']);
});

test('repeated headers, their order and their letters survive', () => {
  const raw = ['X-B', '2', 'Accept', 'a', 'x-b', '1', 'TraceParent', '00-abc'];
  expect(requestHeaders(raw, client).slice(0, raw.length)).toEqual(raw);
});

test('the member learns who asked, how, and by which name; a client cannot speak for the gateway', () => {
  expect(requestHeaders(['Host', 'logs.example', 'X-Forwarded-For', '1.2.3.4', 'X-Muster-Node', 'forged'], client)).toEqual(['x-forwarded-for', '1.2.3.4, 10.0.0.9', 'x-forwarded-proto', 'http', 'x-forwarded-host', 'logs.example']);
  expect(requestHeaders([], { address: '::1', isTls: true })).toEqual(['x-forwarded-for', '::1', 'x-forwarded-proto', 'https']);
});

test('the client learns which member answered, and whether it was a last resort', () => {
  expect(responseHeaders(['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Connection', 'close'], { nodeId: 'consumer-1', tier: 'routable' })).toEqual(['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Muster-Node', 'consumer-1']);
  expect(responseHeaders(['X-Muster-Node', 'forged'], { nodeId: 'consumer-1', tier: 'suspect' })).toEqual(['X-Muster-Node', 'consumer-1', 'X-Muster-Tier', 'suspect']);
});
