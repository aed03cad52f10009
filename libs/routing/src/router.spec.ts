import type { MemberMark, MemberStatus } from '@muster/contracts';
import fc from 'fast-check';
import { type Candidate, tierOf, TIERS, weightOf } from './candidate.js';
import { type Random, ROUTING_DEFAULTS } from './config.js';
import { type ChooseRequest, Router } from './router.js';

/** A linear congruential generator: the same seed gives the same run. */
function seeded(seed: number): Random {
  let state = seed >>> 0;
  return {
    nextInt: (bound) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    },
  };
}

function member(nodeId: string, facts: Partial<Candidate> = {}): Candidate {
  return { nodeId, incarnation: 1, status: 'HEALTHY', healthScore: 100, zone: 'zone-a', marks: [], ...facts };
}

function routerOf(...members: readonly Candidate[]): Router {
  const router = new Router();
  router.update(members);
  return router;
}

/** A router whose SUSPECT members are all protected by a brake. */
function brakedRouterOf(...members: readonly Candidate[]): Router {
  const router = new Router();
  router.update(members, new Set(members.filter(({ status }) => status === 'SUSPECT').map(({ nodeId }) => nodeId)));
  return router;
}

const anyRequest: ChooseRequest = { nowMs: 0, zone: null, tried: new Set(), isViewStale: false };

function chosen(router: Router, request: Partial<ChooseRequest> = {}, random = seeded(1)): string | null {
  const choice = router.choose({ ...anyRequest, ...request }, random);
  return choice.kind === 'member' ? choice.nodeId : null;
}

/** Share of requests that each member gets from an idle caller. */
function shares(router: Router, request: Partial<ChooseRequest> = {}, count = 4000): Record<string, number> {
  const random = seeded(7);
  const counts: Record<string, number> = {};
  for (let n = 0; n < count; n++) {
    const nodeId = chosen(router, request, random) ?? 'nobody';
    counts[nodeId] = (counts[nodeId] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).map(([nodeId, n]) => [nodeId, n / count]));
}

function fail(router: Router, nodeId: string, times: number, nowMs = 0): void {
  for (let n = 0; n < times; n++) {
    router.started(nodeId);
    router.finished({ nodeId, incarnation: 1, outcome: 'unreachable', nowMs });
  }
}

const statuses: readonly MemberStatus[] = ['JOINING', 'HEALTHY', 'DEGRADED', 'SUSPECT', 'DOWN', 'LEAVING', 'LEFT'];
const marks = fc.subarray<MemberMark>(['cordoned', 'damped', 'draining']);
const candidates = fc.uniqueArray(
  fc.record({
    nodeId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    incarnation: fc.constant(1),
    status: fc.constantFrom(...statuses),
    healthScore: fc.integer({ min: 0, max: 100 }),
    zone: fc.constantFrom('zone-a', 'zone-b'),
    marks: fc.oneof({ weight: 3, arbitrary: fc.constant<MemberMark[]>([]) }, { weight: 1, arbitrary: marks }),
  }),
  { selector: ({ nodeId }) => nodeId, maxLength: 7 },
);
const outcomes = fc.array(fc.record({ nodeId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), outcome: fc.constantFrom('answered' as const, 'unreachable' as const), nowMs: fc.nat(5000) }), { maxLength: 60 });

test('A4: whatever happened, a request goes to the best tier that anybody stands in, and to nobody DOWN or LEFT', () => {
  fc.assert(
    fc.property(candidates, fc.subarray<string>(['a', 'b', 'c', 'd', 'e', 'f', 'g']), outcomes, fc.nat(), fc.option(fc.constantFrom('zone-a', 'zone-b', 'zone-c'), { nil: null }), (members, braked, history, seed, zone) => {
      const router = new Router();
      router.update(members, new Set(braked));
      for (const { nodeId, outcome, nowMs } of history) {
        router.started(nodeId);
        router.finished({ nodeId, incarnation: 1, outcome, nowMs });
      }
      const choice = router.choose({ ...anyRequest, nowMs: 5000, zone }, seeded(seed));
      const usable = members.filter((one) => one.status !== 'DOWN' && one.status !== 'LEFT');
      const rankOf = (one: Candidate): number => TIERS.indexOf(tierOf(one) ?? 'down');
      const best = Math.min(...usable.map(rankOf));
      const taken = usable.filter(({ nodeId }) => choice.kind === 'member' && nodeId === choice.nodeId);
      // Whoever is routable shuts out all others; where nobody is, one under a brake may come first, if our own connections allow it.
      const isFair = (one: Candidate): boolean => rankOf(one) === best || (best > 0 && one.status === 'SUSPECT' && one.marks.length === 0 && braked.includes(one.nodeId));
      expect({ kind: choice.kind, taken: taken.map(isFair) }).toEqual(usable.length === 0 ? { kind: 'nobody', taken: [] } : { kind: 'member', taken: [true] });
    }),
    { numRuns: 1000 },
  );
});

const TRAFFIC_TAKEN: { why: string; facts: Partial<Candidate> }[] = [
  { why: 'SUSPECT', facts: { status: 'SUSPECT' } },
  { why: 'cordoned', facts: { marks: ['cordoned'] } },
  { why: 'draining', facts: { marks: ['draining'] } },
  { why: 'damped', facts: { marks: ['damped'] } },
  { why: 'LEAVING', facts: { status: 'LEAVING' } },
];
test.each(TRAFFIC_TAKEN)('a member that is $why gets nothing while the worst of the others can serve, and all when nobody else is there', ({ facts }) => {
  const worst = member('worst', { status: 'JOINING', healthScore: 0 });
  expect(shares(routerOf(member('taken', facts), worst))).toEqual({ worst: 1 });
  expect(shares(routerOf(member('taken', facts)))).toEqual({ taken: 1 });
  // Neither does it get back in because the worst of the others fails a little.
  const router = routerOf(member('taken', facts), worst);
  fail(router, 'worst', 2);
  expect(shares(router)).toEqual({ worst: 1 });
});

test('when nobody routable is left, those that are known to run come before those that may not', () => {
  const order = [member('draining', { marks: ['draining'] }), member('cordoned', { marks: ['cordoned', 'draining'] }), member('damped', { marks: ['cordoned', 'damped'] }), member('leaving', { status: 'LEAVING', marks: ['damped'] }), member('suspect', { status: 'SUSPECT', marks: ['draining'] })];
  const router = routerOf(...order);
  const tried = new Set<string>();
  const tiers = order.map(() => {
    const choice = router.choose({ ...anyRequest, tried }, seeded(1));
    tried.add(choice.kind === 'member' ? choice.nodeId : '');
    return choice.kind === 'member' ? choice.tier : null;
  });
  expect(tiers).toEqual(['leaving', 'cordoned', 'damped', 'damped', 'suspect']);
  expect([...tried].sort()).toEqual(['cordoned', 'damped', 'draining', 'leaving', 'suspect']);
});

describe('under a brake', () => {
  const silent = (nodeId: string) => member(nodeId, { status: 'SUSPECT' });

  test('silent members get nothing while the others have room', () => {
    expect(shares(brakedRouterOf(member('well'), silent('a'), silent('b')))).toEqual({ well: 1 });
  });

  test('silent members help out when the others are at work to the brim, and the tier is told', () => {
    const router = brakedRouterOf(member('well'), silent('a'), silent('b'));
    for (let n = 0; n < ROUTING_DEFAULTS.zoneInflightMax; n++) router.started('well');
    expect(Object.keys(shares(router)).sort()).toEqual(['a', 'b']);
    expect(router.choose(anyRequest, seeded(1))).toMatchObject({ tier: 'braked' });
    // Without a brake the others must do alone.
    router.update([member('well'), silent('a'), silent('b')]);
    expect(shares(router)).toEqual({ well: 1 });
  });

  test('silent members come before one that leaves, and before those that were ejected', () => {
    expect(shares(brakedRouterOf(silent('a'), member('l', { status: 'LEAVING' })))).toEqual({ a: 1 });
    const router = brakedRouterOf(silent('a'), member('b'), member('c'), member('d'));
    fail(router, 'b', ROUTING_DEFAULTS.failureCountMax);
    expect(chosen(router, { tried: new Set(['c', 'd']) })).toBe('a');
  });

  test('when all are silent they share the load as if nothing were', () => {
    const got = shares(brakedRouterOf(silent('a'), silent('b'), silent('c')));
    for (const share of Object.values(got)) expect(share).toBeCloseTo(1 / 3, 1);
  });

  test('of silent members those whose connections fail are ejected, however many, and the others carry on', () => {
    const router = brakedRouterOf(silent('a'), silent('b'), silent('c'));
    for (const nodeId of ['a', 'b']) fail(router, nodeId, ROUTING_DEFAULTS.failureCountMax);
    expect(shares(router)).toEqual({ c: 1 });
    // All of them: then there is nobody better than a suspect.
    fail(router, 'c', ROUTING_DEFAULTS.failureCountMax);
    expect(router.choose(anyRequest, seeded(1))).toMatchObject({ kind: 'member', tier: 'suspect' });
    router.finished({ nodeId: 'b', incarnation: 1, outcome: 'answered', nowMs: 0 });
    expect(shares(router)).toEqual({ b: 1 });
  });

  test('a silent member that an operator drained, or that was damped, is not let in by the brake', () => {
    for (const mark of ['draining', 'cordoned', 'damped'] as const) {
      expect(shares(brakedRouterOf(silent('a'), member('marked', { status: 'SUSPECT', marks: [mark] })))).toEqual({ a: 1 });
    }
  });
});

test('never more than floor((N-1)/2) members are ejected, and never the last', () => {
  fc.assert(
    fc.property(candidates, outcomes, fc.nat(10_000), (members, history, nowMs) => {
      const router = routerOf(...members);
      for (const { nodeId, outcome, nowMs: atMs } of history) {
        router.started(nodeId);
        router.finished({ nodeId, incarnation: 1, outcome, nowMs: atMs });
      }
      const routableCount = members.filter((one) => tierOf(one) === 'routable').length;
      expect(router.ejected(nowMs).size).toBeLessThanOrEqual(Math.max(0, Math.floor((routableCount - 1) / 2)));
    }),
    { numRuns: 500 },
  );
});

test('a request is never sent twice to one member, and ends when all were tried', () => {
  fc.assert(
    fc.property(candidates, fc.nat(), (members, seed) => {
      const router = routerOf(...members);
      const random = seeded(seed);
      const tried = new Set<string>();
      for (;;) {
        const choice = router.choose({ ...anyRequest, tried, isViewStale: true }, random);
        if (choice.kind === 'nobody') break;
        expect(tried.has(choice.nodeId)).toBe(false);
        tried.add(choice.nodeId);
      }
      expect(tried.size).toBe(members.filter((one) => one.status !== 'LEFT').length);
    }),
  );
});

test.each([
  { n: 1, ejectable: 0 },
  { n: 2, ejectable: 0 },
  { n: 3, ejectable: 1 },
  { n: 4, ejectable: 1 },
  { n: 5, ejectable: 2 },
])('of $n members that all fail, $ejectable are ejected and somebody is always chosen', ({ n, ejectable }) => {
  const ids = ['a', 'b', 'c', 'd', 'e'].slice(0, n);
  const router = routerOf(...ids.map((id) => member(id)));
  for (const id of ids) fail(router, id, 5);
  expect(router.ejected(1).size).toBe(ejectable);
  expect(ids).toContain(chosen(router));
});

test('an ejected member is let back in, leaves longer the next time, and is forgiven by one answer', () => {
  const router = routerOf(member('a'), member('b'), member('c'));
  fail(router, 'a', ROUTING_DEFAULTS.failureCountMax);
  expect([...router.ejected(1999)]).toEqual(['a']);
  expect(router.ejected(2000).size).toBe(0);
  fail(router, 'a', 1, 2000);
  expect([...router.ejected(5999)]).toEqual(['a']);
  expect(router.ejected(6000).size).toBe(0);
  router.finished({ nodeId: 'a', incarnation: 1, outcome: 'answered', nowMs: 6000 });
  fail(router, 'a', 2, 6000);
  expect(router.ejected(6001).size).toBe(0);
});

test('requests that fail after the ejection began do not lengthen it', () => {
  const router = routerOf(member('a'), member('b'), member('c'));
  fail(router, 'a', 50, 0);
  expect(router.ejected(2000).size).toBe(0);
});

test('a restarted member begins with a clean record', () => {
  const router = routerOf(member('a'), member('b'), member('c'));
  fail(router, 'a', 5);
  router.update([member('a', { incarnation: 2 }), member('b'), member('c')]);
  expect(router.ejected(1).size).toBe(0);
  router.finished({ nodeId: 'a', incarnation: 1, outcome: 'unreachable', nowMs: 1 });
  expect(shares(router)['a']).toBeGreaterThan(0.28);
});

test('of two members a dead one soon gets next to nothing although it cannot be ejected', () => {
  const router = routerOf(member('a'), member('b'));
  fail(router, 'a', 3);
  expect(shares(router)['a']).toBeLessThan(0.1);
});

test('an idle cluster is used in proportion to health', () => {
  const got = shares(routerOf(member('full'), member('half', { healthScore: 50 }), member('degraded', { healthScore: 60, status: 'DEGRADED' }), member('joining', { status: 'JOINING' })));
  const total = 1 + 0.5 + 0.3 + 0.2;
  expect(got['full']).toBeCloseTo(1 / total, 1);
  expect(got['half']).toBeCloseTo(0.5 / total, 1);
  expect(got['degraded']).toBeCloseTo(0.3 / total, 1);
  expect(got['joining']).toBeCloseTo(0.2 / total, 1);
});

test('the member with less work per weight is taken', () => {
  const router = routerOf(member('a'), member('b'));
  for (let n = 0; n < 10; n++) router.started('a');
  expect(shares(router)).toEqual({ b: 1 });
});

test('A15: the own zone is preferred while it has room, then others help', () => {
  const router = routerOf(member('near', { zone: 'zone-a' }), member('far', { zone: 'zone-b' }));
  expect(shares(router, { zone: 'zone-a' })).toEqual({ near: 1 });
  for (let n = 0; n < ROUTING_DEFAULTS.zoneInflightMax; n++) router.started('near');
  expect(shares(router, { zone: 'zone-a' })).toEqual({ far: 1 });
});

test('A15: within its own zone a caller uses everybody by weight, those that just joined too', () => {
  const got = shares(routerOf(member('a'), member('b'), member('new', { status: 'JOINING' }), member('far', { zone: 'zone-b' })), { zone: 'zone-a' });
  expect(got['new']).toBeCloseTo(0.2 / 2.2, 1);
  expect(got['new']).toBeGreaterThan(0.05);
  expect(got['far']).toBeUndefined();
});

test('A15: a near member in bad health is no better than a far one', () => {
  const got = shares(routerOf(member('near', { status: 'DEGRADED', healthScore: 40 }), member('far', { zone: 'zone-b' })), { zone: 'zone-a' });
  expect(got['far']).toBeGreaterThan(0.7);
});

test('DOWN members are tried only when the view is too old to be believed', () => {
  const router = routerOf(member('a', { status: 'DOWN', healthScore: 0 }), member('b', { status: 'LEFT' }));
  expect(chosen(router)).toBeNull();
  expect(chosen(router, { isViewStale: true })).toBe('a');
});

test('one that leaves is used before one that is suspect, and the tier is told', () => {
  const router = routerOf(member('s', { status: 'SUSPECT' }), member('l', { status: 'LEAVING' }));
  expect(router.choose(anyRequest, seeded(1))).toEqual({ kind: 'member', nodeId: 'l', incarnation: 1, tier: 'leaving' });
  expect(router.choose({ ...anyRequest, tried: new Set(['l']) }, seeded(1))).toMatchObject({ nodeId: 's', tier: 'suspect' });
  expect(router.choose({ ...anyRequest, tried: new Set(['l', 's']) }, seeded(1))).toEqual({ kind: 'nobody', known: 2, tried: 2 });
});

test('weights lie between 0.05 and 1', () => {
  fc.assert(fc.property(candidates, (members) => members.every((one) => weightOf(one) >= 0.05 && weightOf(one) <= 1)));
});
