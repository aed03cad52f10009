/** Who is steady enough for a vote. */
import { type Follower, followersOf, KeepingUp } from './keeping-up.js';

const limits = { lagMax: 100, silentMsMax: 500, steadyMs: 2000 };
const fine: Follower = { nodeId: 'd', lag: 0, silentMs: 10 };
const steadyAt = (looks: readonly (readonly [number, readonly Follower[]])[]): number[] => {
  const keeping = new KeepingUp(limits);
  return looks.filter(([nowMs, followers]) => keeping.observe(followers, nowMs).has('d')).map(([nowMs]) => nowMs);
};

test('it takes as long as it should, and no longer', () => {
  expect(steadyAt([[0, [fine]], [1999, [fine]], [2000, [fine]], [3000, [{ ...fine, lag: 100, silentMs: 500 }]]])).toEqual([2000, 3000]);
});

test('one that lags, falls silent or is away begins anew', () => {
  for (const gap of [[{ ...fine, lag: 101 }], [{ ...fine, silentMs: 501 }], []]) {
    expect(steadyAt([[0, [fine]], [1000, gap], [2000, [fine]], [3999, [fine]], [4000, [fine]]])).toEqual([4000]);
  }
});

test('a leader that was none for a while has seen nothing', () => {
  const keeping = new KeepingUp(limits);
  keeping.observe([fine], 0);
  keeping.forget();
  expect(keeping.observe([fine], 5000)).toEqual(new Set());
});

test('one that was never heard gets no vote, though the log is short and it was entered a moment ago', () => {
  const peer = { id: 'd', voter: false, state: 'probe', silentTicks: 0 } as const;
  const ready = (match: number): ReadonlySet<string> => {
    const keeping = new KeepingUp({ ...limits, silentMsMax: 60_000 });
    keeping.observe(followersOf({ peers: [{ ...peer, match }], lastIndex: 5 }, 10), 0);
    return keeping.observe(followersOf({ peers: [{ ...peer, match, silentTicks: 200 }], lastIndex: 5 }, 10), 2000);
  };
  expect([ready(0), ready(1)]).toEqual([new Set(), new Set(['d'])]);
});
