/** Members that the view, or our own patience, doubts: who gets the next request, and what becomes of those under way. */
import type { Brake, MemberStatusView } from '@muster/contracts';
import { ROUTING_DEFAULTS } from '@muster/routing';
import { until } from '@muster/testing';
import { memberOf } from '../../testing/members.js';
import { opened, type ProxyLimits, proxyTo as openProxy, upstream } from '../../testing/opened.js';
import type { ProxyUnderTest } from '../../testing/proxy-under-test.js';
import { type Handle, says } from '../../testing/upstream.js';
import { UpstreamProcess } from '../../testing/upstream-process.js';

const proxyTo = (members: readonly MemberStatusView[], limits: ProxyLimits = {}) => openProxy(members, { headersTimeoutMs: 60_000, ...limits });

const at = (nodeId: string, { url }: { readonly url: string }, facts: Partial<MemberStatusView> = {}) => memberOf(nodeId, { httpUrl: url, ...facts });
const brakeOn = (...nodeIds: string[]): Brake => ({ zone: null, reason: 'most are silent', sinceUnixMs: 0, holdsUntilUnixMs: 60_000, nodeIds });
/** Takes a request and never answers, as a frozen process does whose kernel goes on accepting. */
const mute: Handle = (request) => request.resume();
/** How long a member is left alone at first. */
const EJECT_MS = ROUTING_DEFAULTS.ejectMs;
/** Asks many times, and looks after each as long as one that was ejected at that moment cannot be tried again. */
async function whileEjected(sinceMs: number, ask: () => Promise<unknown>, look: () => unknown): Promise<void> {
  for (let n = 0; n < 30; n++) {
    await ask();
    if (performance.now() - sinceMs < EJECT_MS) await look();
  }
}
const textOf = async (answer: ReturnType<ProxyUnderTest['ask']>): Promise<string> => (await answer).body.toString();

describe.each<Partial<MemberStatusView>>([{ marks: ['draining'] }, { marks: ['cordoned'] }, { marks: ['damped'] }, { status: 'SUSPECT' }])('a member that turns %o', (turned) => {
  test('gets no new request, and ends in peace those it has', async () => {
    let finish: () => void = () => {};
    const [old, other] = [await upstream((_, response) => (finish = () => response.end('finished'))), await upstream(says('other'))];
    const proxy = await proxyTo([at('p-1', old, { service: 'producer' })]);
    const underWay = textOf(proxy.ask('/api/logs', { method: 'POST', body: '{}' }));
    await until('it is under way', () => old.requestCount === 1);
    proxy.proxy.update([at('p-1', old, { service: 'producer', ...turned }), at('p-2', other, { service: 'producer' })], []);
    for (let n = 0; n < 20; n++) expect(await textOf(proxy.ask('/api/logs', { method: 'POST', body: '{}' }))).toBe('other');
    finish();
    expect(await underWay).toBe('finished');
    expect(old.requestCount).toBe(1);
  });
});

describe('a member that freezes with requests in its hands', () => {
  test('a GET that waits for it is answered by another one as soon as it is SUSPECT', async () => {
    const [frozen, other] = [await upstream(mute), await upstream(says('other'))];
    const proxy = await proxyTo([at('c-1', frozen)]);
    const waiting = proxy.ask('/api/logs');
    await until('it is under way', () => frozen.requestCount === 1);
    proxy.proxy.update([at('c-1', frozen, { status: 'SUSPECT' }), at('c-2', other)], []);
    expect(await textOf(waiting)).toBe('other');
    expect(await proxy.metric('gateway_retries_total{service="consumer",reason="called-off"}')).toBe(1);
  });

  test('a POST that was sent to it is left there, one that still waits for a connection goes elsewhere', async () => {
    let finish: () => void = () => {};
    const [frozen, other] = [await upstream((_, response) => (finish = () => response.end('thawed'))), await upstream(says('other'))];
    const members = (facts: Partial<MemberStatusView>) => [at('p-1', frozen, { service: 'producer', ...facts })];
    const proxy = await proxyTo(members({}), { connectionsPerMember: 1 });
    const [sent, parked] = [textOf(proxy.ask('/api/logs', { method: 'POST', body: '{}' })), textOf(proxy.ask('/api/logs', { method: 'POST', body: '{}' }))];
    await until('both are under way', async () => frozen.requestCount === 1 && (await proxy.metric('gateway_requests_inflight')) === 2);
    proxy.proxy.update([...members({ status: 'SUSPECT' }), at('p-2', other, { service: 'producer' })], []);
    expect(await parked).toBe('other');
    finish();
    expect(await sent).toBe('thawed');
    expect(frozen.requestCount).toBe(1);
  });

  test('what was called off before it was sent is not sent when a connection is free: who waits behind it gets it', async () => {
    const [frozen, other] = [await upstream(mute), await upstream(says('other'))];
    const proxy = await proxyTo([at('c-1', frozen)], { connectionsPerMember: 1 });
    const waiting = [textOf(proxy.ask('/api/logs')), textOf(proxy.ask('/api/logs'))];
    await until('both are under way', async () => frozen.requestCount === 1 && (await proxy.metric('gateway_requests_inflight')) === 2);
    proxy.proxy.update([at('c-1', frozen, { status: 'SUSPECT' }), at('c-2', other)], []);
    expect(await Promise.all(waiting)).toEqual(['other', 'other']);
    frozen.handle = says('thawed');
    proxy.proxy.update([at('c-1', frozen)], []);
    expect(await textOf(proxy.ask('/api/logs'))).toBe('thawed');
    expect(frozen.requestCount).toBe(2);
  });

  test('what is called off for the word of others is no experience of our own: the member is not ejected when it is back', async () => {
    const [frozen, other] = [await upstream(mute), await upstream(says('other'))];
    const proxy = await proxyTo([at('c-1', frozen)]);
    const waiting = Array.from({ length: 5 }, () => textOf(proxy.ask('/api/logs')));
    await until('all are under way', () => frozen.requestCount === 5);
    const others = [at('c-2', other), at('c-3', other)];
    proxy.proxy.update([at('c-1', frozen, { status: 'SUSPECT' }), ...others], []);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['other']));
    proxy.proxy.update([at('c-1', frozen), ...others], []);
    expect(await proxy.metric('gateway_ejected_members{service="consumer"}')).toBe(0);
  });

  test('it is waited for when nobody better is left', async () => {
    let finish: () => void = () => {};
    const frozen = await upstream((_, response) => (finish = () => response.end('thawed')));
    const gone = await upstream(says('never asked'));
    const proxy = await proxyTo([at('c-1', frozen)]);
    const waiting = textOf(proxy.ask('/api/logs'));
    await until('it is under way', () => frozen.requestCount === 1);
    proxy.proxy.update([at('c-1', frozen, { status: 'SUSPECT' }), at('c-2', gone, { status: 'DOWN' }), at('c-3', gone, { status: 'SUSPECT' })], []);
    finish();
    expect(await waiting).toBe('thawed');
    expect(gone.requestCount).toBe(0);
  });

  test('an answer that has begun is never called off', async () => {
    let finish: () => void = () => {};
    const [slow, other] = [await upstream((_, response) => void (response.write('begun '), (finish = () => response.end('and ended')))), await upstream(says('other'))];
    const proxy = await proxyTo([at('c-1', slow)]);
    const waiting = textOf(proxy.ask('/api/logs'));
    await until('its head is there', () => slow.requestCount === 1);
    // The head has to have arrived here as well: a second answer on the same path proves that the loop went round.
    proxy.proxy.update([at('c-1', slow), at('c-2', other)], []);
    await until('the other was asked', async () => (await textOf(proxy.ask('/api/logs'))) === 'other');
    proxy.proxy.update([at('c-1', slow, { status: 'SUSPECT' }), at('c-2', other)], []);
    finish();
    expect(await waiting).toBe('begun and ended');
  });

  test('what is called off is paid from the retry budget; what it does not cover waits', async () => {
    const answers: (() => void)[] = [];
    const [frozen, other] = [await upstream((_, response) => void answers.push(() => response.end('thawed'))), await upstream(says('other'))];
    const proxy = await proxyTo([at('c-1', frozen)], { connectionsPerMember: 100 });
    const waiting = Array.from({ length: 40 }, () => textOf(proxy.ask('/api/logs')));
    await until('all are under way', () => answers.length === 40);
    proxy.proxy.update([at('c-1', frozen, { status: 'SUSPECT' }), at('c-2', other)], []);
    await until('the budget is spent', () => other.requestCount === 18);
    for (const answer of answers) answer();
    const texts = await Promise.all(waiting);
    expect(texts.filter((text) => text === 'other')).toHaveLength(10 + 40 / 5);
    expect(texts.filter((text) => text === 'thawed')).toHaveLength(22);
  });

  test('A4: SIGSTOP of a member under load costs readers not one request, and none of them waits for it to thaw', async () => {
    const members = await Promise.all([UpstreamProcess.start(), UpstreamProcess.start()]);
    opened.push(...members);
    const [frozen, other] = members as [UpstreamProcess, UpstreamProcess];
    const proxy = await proxyTo([at('c-1', frozen), at('c-2', other)]);
    const statuses: number[] = [];
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) statuses.push(await proxy.ask('/api/logs').then(({ status }) => status, () => 0));
    };
    const clients = Array.from({ length: 12 }, client);
    await until('load runs', () => statuses.length > 200);
    frozen.pause();
    const before = statuses.length;
    await until('load goes on beside the frozen one', () => statuses.length > before + 200);
    proxy.proxy.update([at('c-1', frozen, { status: 'SUSPECT' }), at('c-2', other)], []);
    isOver = true;
    // It never thaws: this ends only because nobody waits for it.
    await Promise.all(clients);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });
});

describe('under a brake', () => {
  test('silence alone calls nothing off: the member may be answering', async () => {
    let finish: () => void = () => {};
    const [silent, other] = [await upstream((_, response) => (finish = () => response.end('I was there'))), await upstream(says('other'))];
    const proxy = await proxyTo([at('c-1', silent)]);
    const waiting = textOf(proxy.ask('/api/logs'));
    await until('it is under way', () => silent.requestCount === 1);
    proxy.proxy.update([at('c-1', silent, { status: 'SUSPECT' }), at('c-2', other)], [brakeOn('c-1')]);
    finish();
    expect(await waiting).toBe('I was there');
  });

  test('when all are silent those that answer carry the load, and a dead one among them costs nothing', async () => {
    const well = await upstream(says('well'));
    const silent = ['c-1', 'c-2', 'c-3'].map((nodeId) => at(nodeId, nodeId === 'c-1' ? { url: 'http://127.0.0.1:1' } : well, { status: 'SUSPECT' }));
    const proxy = await proxyTo(silent);
    proxy.proxy.update(silent, [brakeOn('c-1', 'c-2', 'c-3')]);
    const ask = async () => expect(await proxy.ask('/api/logs')).toMatchObject({ status: 200, headers: { 'x-muster-tier': 'braked' } });
    const tries = () => proxy.metric('gateway_retries_total{service="consumer",reason="not-sent"}');
    // The less it is trusted the less often it is drawn: how soon it has failed three times is chance.
    const askedAtMs = await until('it has failed 3 times in a row', async () => {
      const nowMs = performance.now();
      await ask();
      return (await tries()) === 3 && nowMs;
    });
    await whileEjected(askedAtMs, ask, async () => expect(await tries()).toBe(3));
  });

  test('a frozen one among them is asked no longer than the time limit of doubt when the request may be repeated', async () => {
    const [frozen, well] = [await upstream(mute), await upstream(says('well'))];
    const members = [at('c-1', frozen, { status: 'SUSPECT' }), at('c-2', well, { status: 'SUSPECT' })];
    // Longer than one that is well may stand still on a busy machine.
    const doubtTimeoutMs = 3000;
    const proxy = await proxyTo(members, { doubtTimeoutMs });
    proxy.proxy.update(members, [brakeOn('c-1', 'c-2')]);
    const texts = new Set<string>();
    const ask = async () => texts.add(await textOf(proxy.ask('/api/logs')));
    const gaveUpAtMs = await until('the frozen one was asked until it is ejected', async () => {
      const nowMs = performance.now();
      await ask();
      return frozen.requestCount === 3 && nowMs + doubtTimeoutMs;
    });
    await whileEjected(gaveUpAtMs, ask, () => expect(frozen.requestCount).toBe(3));
    expect([...texts]).toEqual(['well']);
  });
});
