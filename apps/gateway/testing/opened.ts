/** What a spec of the proxy opens, and its end after each test. */
import type { MemberStatusView } from '@muster/contracts';
import { ProxyUnderTest } from './proxy-under-test.js';
import { type Handle, Upstream } from './upstream.js';

export type ProxyLimits = Parameters<typeof ProxyUnderTest.start>[1];

/** Ended after the test, in this order. */
export const opened: { close?(): Promise<void>; kill?(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await (one.close?.() ?? one.kill?.());
});

export async function upstream(handle: Handle): Promise<Upstream> {
  const one = await Upstream.start(handle);
  opened.push(one);
  return one;
}

export async function proxyTo(members: readonly MemberStatusView[], limits: ProxyLimits = {}): Promise<ProxyUnderTest> {
  const one = await ProxyUnderTest.start(members, limits);
  opened.unshift(one);
  return one;
}
