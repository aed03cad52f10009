/** A test of high availability that cannot fail proves nothing: each promise that `test-ha-cluster.sh` watches is broken here and has to be noticed. */
import { repositoryFile } from './repository.js';

interface Status {
  nodeId: string;
  storeId: string;
  clusterId: string | null;
  state: string;
  term: number;
  leaderId: string | null;
}
interface Shown {
  index: number;
  term: number;
  membership: Record<string, { nodeId: string; status: string; reason: string }>;
}
interface Change {
  readonly id: string;
  readonly data: { readonly update?: string };
}
interface Acknowledged {
  readonly token: string;
  readonly index: number;
  readonly term: number;
}
interface Judging {
  status(status: Status): string[];
  acknowledged(change: { target: string; index: number }): void;
  floorOf(target: string): number;
  read(read: { target: string; via: string; index: number; floor: number }): string[];
  shown(status: Shown, harmed: ReadonlySet<string>): string[];
}
interface Beating {
  readonly nodeId: string;
  readonly status: string;
  readonly lastHeartbeatTime: string;
}

const { Judge, lostChanges, doubledChanges, strangersTo } = (await import(repositoryFile('integration-tests/lib/ha-judge.mjs'))) as {
  Judge: new () => Judging;
  lostChanges: (acknowledged: readonly Acknowledged[], events: readonly Change[], reader: string) => string[];
  doubledChanges: (events: readonly Change[], reader: string) => string[];
  strangersTo: (view: { leaderId: string; membership: Record<string, Beating>; lanesOpen: number; sinceUnixMs: number; except?: string }) => string[];
};

const GROUP = '00000000-0000-4000-8000-000000000001';
const says = (nodeId: string, state: string, term: number, leaderId: string | null): Status => ({ nodeId, storeId: `store of ${nodeId}`, clusterId: GROUP, state, term, leaderId });

/** What a judge finds broken over all of these. */
function judged(...statuses: Status[]): string[] {
  const judge = new Judge();
  return statuses.flatMap((status) => judge.status(status));
}

describe('the group', () => {
  test('one leader per term, known to all or not yet, is what is promised', () => {
    expect(judged(says('a', 'leader', 2, 'a'), says('b', 'follower', 2, 'a'), says('c', 'candidate', 3, null), says('c', 'leader', 3, 'c'), says('a', 'follower', 3, 'c'))).toEqual([]);
  });

  test('two leaders in a term are noticed, however far apart they were seen', () => {
    expect(judged(says('a', 'leader', 2, 'a'), says('b', 'leader', 3, 'b'), says('c', 'leader', 2, 'c'))).toEqual([expect.stringMatching(/^two leaders in term 2: a, and c/)]);
  });

  test('a follower that follows somebody else in that term is noticed too', () => {
    expect(judged(says('a', 'leader', 2, 'a'), says('b', 'follower', 2, 'c'))).toEqual([expect.stringMatching(/^two leaders in term 2: a, and c as b says/)]);
  });

  test('lone leaders of groups of their own are noticed, though their terms differ', () => {
    expect(judged(says('a', 'leader', 1, 'a'), { ...says('b', 'leader', 2, 'b'), clusterId: '00000000-0000-4000-8000-000000000002' })).toEqual([expect.stringMatching(/^two groups: b belongs to/)]);
  });

  test('a coordinator that has not joined yet belongs to no other group', () => {
    expect(judged(says('a', 'leader', 1, 'a'), { ...says('b', 'forming', 0, null), clusterId: null })).toEqual([]);
  });

  test('a term that is forgotten by the same store is noticed; a new disk starts from nothing', () => {
    expect(judged(says('a', 'follower', 5, null), says('a', 'follower', 4, null))).toEqual([expect.stringMatching(/^a forgot term 5/)]);
    expect(judged(says('a', 'follower', 5, null), { ...says('a', 'follower', 0, null), storeId: 'another disk' })).toEqual([]);
    expect(judged(says('a', 'follower', 5, null), says('a', 'shutdown', 0, null))).toEqual([]);
  });
});

describe('changes and reads', () => {
  test('a linearizable read may show more than was acknowledged before it, and never less', () => {
    const judge = new Judge();
    judge.acknowledged({ target: 'a', index: 7 });
    judge.acknowledged({ target: 'a', index: 6 });
    expect(judge.floorOf('a')).toBe(7);
    expect(judge.floorOf('b')).toBe(0);
    expect(judge.read({ target: 'a', via: 'b', index: 8, floor: 7 })).toEqual([]);
    expect(judge.read({ target: 'a', via: 'b', index: 6, floor: 7 })).toEqual([expect.stringMatching(/lost an acknowledged change: a is at index 6, and 7/)]);
  });

  const event = (term: number, index: number, update?: string): Change => ({ id: `muster/${term}/${index}`, data: update === undefined ? {} : { update } });
  const acknowledged = [{ token: 'ha-1', index: 4, term: 1 }, { token: 'ha-2', index: 6, term: 2 }];
  const told = [event(1, 4, 'cordoned by x: ha-1'), event(2, 5), event(2, 6, 'uncordoned by x: ha-2')];

  test.each([
    ['is complete', told, []],
    ['lacks the last change', told.slice(0, 2), [expect.stringMatching(/^1 of 2 acknowledged changes are lost at b: ha-2 \(index 6\)/)]],
    ['has another change at its index', [event(1, 4, 'drained'), told[2]!], [expect.stringMatching(/ha-1/)]],
    ['has it in another term', [event(3, 4, 'cordoned by x: ha-1'), told[2]!], [expect.stringMatching(/ha-1/)]],
    ['is empty', [], [expect.stringMatching(/^2 of 2/)]],
  ])('a history that %s', (_what, events, lost) => {
    expect(lostChanges(acknowledged, events, 'b')).toEqual(lost);
  });

  test('a change that was stored twice is noticed', () => {
    expect(doubledChanges(told, 'the consumer')).toEqual([]);
    expect(doubledChanges([...told, told[0]!], 'the consumer')).toEqual(['the consumer keeps a change twice: muster/1/4']);
  });
});

describe('what the gateway shows', () => {
  const shows = (index: number, term: number, ...down: string[]): Shown => ({ index, term, membership: Object.fromEntries(['a', 'b'].map((nodeId) => [nodeId, { nodeId, status: down.includes(nodeId) ? 'DOWN' : 'HEALTHY', reason: 'silence' }])) });

  test('who was harmed may be DOWN; anybody else is blamed once each time', () => {
    const judge = new Judge();
    expect(judge.shown(shows(1, 1, 'a'), new Set(['a']))).toEqual([]);
    expect(judge.shown(shows(2, 1, 'a', 'b'), new Set(['a']))).toEqual(['b is DOWN though nothing was done to it: silence']);
    expect(judge.shown(shows(2, 1, 'a', 'b'), new Set(['a']))).toEqual([]);
  });

  test('within a term it never goes back', () => {
    const judge = new Judge();
    expect(judge.shown(shows(9, 1), new Set())).toEqual([]);
    expect(judge.shown(shows(8, 2), new Set())).toEqual([]);
    expect(judge.shown(shows(7, 2), new Set())).toEqual(['the gateway went back from index 8 to 7 in term 2']);
  });
});

describe('members and their leader', () => {
  const beat = (nodeId: string, atMs: number, status = 'HEALTHY'): Beating => ({ nodeId, status, lastHeartbeatTime: new Date(atMs).toISOString() });
  const view = (lanesOpen: number, ...members: Beating[]) => strangersTo({ leaderId: 'a', lanesOpen, sinceUnixMs: 10_000, membership: Object.fromEntries(members.map((each) => [each.nodeId, each])) });

  test('came over when they beat since and have a lane; a leader needs none to itself, and the dead do not count', () => {
    expect(view(1, beat('a', 0), beat('p', 10_500), beat('dead', 0, 'DOWN'))).toEqual([]);
  });

  test('are not asked for when they were harmed', () => {
    expect(strangersTo({ leaderId: 'a', except: 'q', lanesOpen: 1, sinceUnixMs: 10_000, membership: { p: beat('p', 10_500), q: beat('q', 9000) } })).toEqual([]);
  });

  test('did not when they were heard of only before', () => {
    expect(view(2, beat('a', 10_500), beat('p', 10_500), beat('q', 9000))).toEqual(['a has not heard from q since it leads']);
  });

  test('did not when one has no lane', () => {
    expect(view(1, beat('a', 10_500), beat('p', 10_500), beat('q', 10_500))).toEqual(['1 of 2 members have no direct lane to a']);
  });
});
