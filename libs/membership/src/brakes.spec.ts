import fc from 'fast-check';
import { applying, brake, command, joinFrom, many, order, release, rules, said, T0 } from '../testing/fixtures.js';
import type { Command, MemberCommand } from './command.js';
import { Membership } from './membership.js';
import { changesOf } from './outcome.js';

const HOLD_MS = 60_000;
const STEP_MS = HOLD_MS / 6;

/** Members a, b, c in zone east and d in west, all HEALTHY; times are milliseconds after that. */
function serving() {
  const { membership, apply } = applying();
  for (const nodeId of ['a', 'b', 'c', 'd']) {
    apply(joinFrom(nodeId === 'd' ? 'west' : 'east', { nodeId }));
    apply(command('admit', { nodeId }));
  }
  const tell = (it: Command): string => said(apply(it));
  const about = (kind: MemberCommand['kind'], nodeId: string, atMs = 0, more: Parameters<typeof command>[1] = {}): string => tell(command(kind, { nodeId, atUnixMs: T0 + atMs, ...more }));
  return { membership, apply, tell, about };
}

test('whoever a brake protects is not declared dead for silence, and stays suspect', () => {
  const { membership, tell, about } = serving();
  expect(tell(brake(['a', 'b'], { zone: 'east' }))).toBe('engaged');
  expect([about('suspect', 'a'), about('down', 'a', 1000), about('down', 'c', 1000)]).toEqual(['SUSPECT', 'braked', 'DOWN']);
  expect(membership.member('a')?.record.status).toBe('SUSPECT');
});

test.each(['crashed', 'hung', 'evicted'] as const)('a brake does not protect from a verdict that does not rest on silence: %s', (failure) => {
  const { tell, about } = serving();
  tell(brake(['a', 'b']));
  expect(about('down', 'a', 0, { failure })).toBe('DOWN');
});

test('the rejection says which brake, and until when; proposers can ask before', () => {
  const { membership, apply } = serving();
  apply(brake(['a'], { zone: 'east' }));
  const outcome = apply(command('down', { atUnixMs: T0 + 1000 }));
  expect(outcome).toEqual({ kind: 'rejected', rejection: { kind: 'braked', nodeId: 'a', zone: 'east', untilUnixMs: T0 + HOLD_MS } });
  expect(membership.braked('a', T0 + 1000)).toEqual({ zone: 'east', untilUnixMs: T0 + HOLD_MS });
  expect(membership.braked('a', T0 + HOLD_MS)).toBeNull();
  expect(membership.braked('b', T0)).toBeNull();
  expect(membership.braked('stranger', T0)).toBeNull();
});

test('a brake is told with whom it protects, since when and until when, and can be read', () => {
  const { membership, apply } = serving();
  const shown = { zone: null, reason: 'many at once', sinceUnixMs: T0, holdsUntilUnixMs: T0 + HOLD_MS, nodeIds: ['a', 'c'] };
  expect(apply(brake(['c', 'a', 'a', 'stranger']))).toMatchObject({ change: { kind: 'brake', step: 'engaged', reason: 'many at once', brake: shown, index: 9, ordinal: 0, atUnixMs: T0 } });
  expect(membership.brakes()).toEqual([shown]);
});

test('a brake of a zone protects its members only, and none who is gone or about to go', () => {
  const { membership, tell, about } = serving();
  about('down', 'a');
  about('leave', 'b');
  expect(tell(brake(['a', 'b', 'd'], { zone: 'east' }))).toBe('nobody-to-protect');
  expect(tell(brake(['a', 'b', 'c', 'd'], { zone: 'east' }))).toBe('engaged');
  expect(membership.brakes()[0]?.nodeIds).toEqual(['c']);
});

test('a brake grows by those who are new to it, each with a hold of its own', () => {
  const { membership, tell, about } = serving();
  tell(brake(['a']));
  expect(tell(brake(['a'], { atUnixMs: T0 + 5000 }))).toBe('nobody-to-protect');
  expect(tell(brake(['a', 'b'], { atUnixMs: T0 + 30_000, reason: 'still more' }))).toBe('grown');
  expect(membership.brakes()).toEqual([{ zone: null, reason: 'still more', sinceUnixMs: T0, holdsUntilUnixMs: T0 + HOLD_MS, nodeIds: ['a', 'b'] }]);
  expect([about('down', 'b', HOLD_MS), about('down', 'a', HOLD_MS)]).toEqual(['braked', 'DOWN']);
  expect([about('down', 'b', 30_000 + HOLD_MS - 1), about('down', 'b', 30_000 + HOLD_MS)]).toEqual(['braked', 'DOWN + released']);
});

test('A15: after the hold they are removed one by one: a sixth of the hold apart in each zone', () => {
  const { tell, about } = serving();
  tell(brake(['a', 'b', 'c', 'd']));
  expect([about('down', 'a', HOLD_MS - 1), about('down', 'a', HOLD_MS)]).toEqual(['braked', 'DOWN']);
  expect([about('down', 'b', HOLD_MS), about('down', 'd', HOLD_MS)]).toEqual(['braked', 'DOWN']);
  expect([about('down', 'b', HOLD_MS + STEP_MS - 1), about('down', 'b', HOLD_MS + STEP_MS)]).toEqual(['braked', 'DOWN']);
  expect([about('down', 'c', HOLD_MS + 2 * STEP_MS - 1), about('down', 'c', HOLD_MS + 2 * STEP_MS)]).toEqual(['braked', 'DOWN + released']);
});

test('many that are due in one entry are still removed one by one', () => {
  const { apply } = serving();
  apply(brake(['a', 'b', 'c']));
  const at = { atUnixMs: T0 + HOLD_MS };
  expect(said(apply(many(command('down', { nodeId: 'a', ...at }), command('down', { nodeId: 'b', ...at }), command('down', { nodeId: 'c', ...at }))))).toBe('DOWN, braked, braked');
});

test('of two brakes over one member the longer one counts, and a removal counts for both', () => {
  const { membership, tell, about } = serving();
  tell(brake(['a', 'b'], { zone: 'east' }));
  tell(brake(['a', 'b', 'd'], { atUnixMs: T0 + 1000 }));
  expect(membership.brakes().map(({ zone }) => zone)).toEqual([null, 'east']);
  expect(membership.braked('a', T0)).toEqual({ zone: null, untilUnixMs: T0 + 1000 + HOLD_MS });
  expect([about('down', 'a', HOLD_MS), about('down', 'a', HOLD_MS + 1000)]).toEqual(['braked', 'DOWN']);
  tell(release({ zone: null, atUnixMs: T0 + HOLD_MS + 1000 }));
  expect(about('down', 'b', HOLD_MS + 1000)).toBe('braked');
});

test.each([
  { how: 'is cleared', kind: 'clear' as const },
  { how: 'is gone by proof', kind: 'down' as const, more: { failure: 'crashed' as const } },
  { how: 'leaves', kind: 'leave' as const },
  { how: 'has left', kind: 'left' as const },
  { how: 'is another process', kind: 'join' as const, more: { incarnation: 6 } },
])('a member that $how drops out, and a brake that protects nobody ends with it', ({ kind, more = {} }) => {
  const { membership, apply, tell, about } = serving();
  about('suspect', 'a');
  tell(brake(['a', 'b'], { zone: 'east' }));
  tell(brake(['a'], { reason: 'only one' }));
  const outcome = apply(command(kind, { atUnixMs: T0 + 1000, ...more }));
  expect(changesOf(outcome).map(({ kind: what, ordinal, atUnixMs }) => [what, ordinal, atUnixMs])).toEqual([
    ['transition', 0, T0 + 1000],
    ['brake', 1, T0 + 1000],
  ]);
  expect(outcome).toMatchObject({ also: [{ step: 'released', brake: { zone: null, nodeIds: ['a'] }, reason: 'nobody is left to protect' }] });
  expect(membership.brakes().map(({ zone, nodeIds }) => [zone, nodeIds])).toEqual([['east', ['b']]]);
});

test('an order that removes a member takes it out of the brake', () => {
  const { membership, tell } = serving();
  tell(brake(['a', 'b']));
  expect(tell(order('cordon'))).toBe('HEALTHY');
  expect(membership.brakes()[0]?.nodeIds).toEqual(['a', 'b']);
  expect(tell(order('evict'))).toBe('DOWN');
  expect(membership.brakes()[0]?.nodeIds).toEqual(['b']);
});

test('suspicion does not take a member out of the brake', () => {
  const { membership, tell, about } = serving();
  tell(brake(['a']));
  about('suspect', 'a');
  expect(membership.brakes()[0]?.nodeIds).toEqual(['a']);
});

test('a brake that grows remembers whom it let go', () => {
  const { tell, about } = serving();
  tell(brake(['a', 'b']));
  expect(about('down', 'a', HOLD_MS)).toBe('DOWN');
  expect(tell(brake(['c'], { atUnixMs: T0 + HOLD_MS }))).toBe('grown');
  expect(about('down', 'b', HOLD_MS + 1)).toBe('braked');
});

test('a removal that one brake let happen does not count for another that did not protect the member', () => {
  const { tell, about } = serving();
  tell(brake(['a', 'c'], { zone: 'east' }));
  tell(brake(['b']));
  expect([about('down', 'a', HOLD_MS), about('down', 'b', HOLD_MS)]).toEqual(['DOWN', 'DOWN + released']);
});

test('released by command, a brake is shown as it was, and protects nobody', () => {
  const { membership, apply, tell, about } = serving();
  tell(brake(['a', 'b'], { zone: 'east' }));
  expect(tell(release())).toBe('no-brake');
  expect(apply(release({ zone: 'east' }))).toMatchObject({ change: { step: 'released', reason: 'they beat again', brake: { zone: 'east', nodeIds: ['a', 'b'] } }, also: [] });
  expect(membership.brakes()).toEqual([]);
  expect(about('down', 'a')).toBe('DOWN');
});

test('a brake that comes again has a hold of its own', () => {
  const { tell, about } = serving();
  tell(brake(['a', 'b']));
  tell(release({ atUnixMs: T0 + HOLD_MS }));
  tell(brake(['a', 'b'], { atUnixMs: T0 + HOLD_MS }));
  expect(about('down', 'a', HOLD_MS + 1)).toBe('braked');
});

describe('what other systems got wrong', () => {
  test('a hold does not begin again with each new leader', () => {
    const { membership, apply } = serving();
    apply(brake(['a', 'b']));
    for (let term = 2; term <= 8; term++) expect(said(apply(brake(['a', 'b'], { term, atUnixMs: T0 + (term - 1) * 9000 }), term))).toBe('nobody-to-protect');
    expect(membership.brakes()[0]).toMatchObject({ sinceUnixMs: T0, holdsUntilUnixMs: T0 + HOLD_MS });
    expect(said(apply(command('down', { term: 8, atUnixMs: T0 + 7 * 9000 }), 8))).toBe('DOWN');
  });

  test('a new leader whose clock is three minutes ahead does not find the hold over', () => {
    const { membership, apply } = serving();
    apply(brake(['a', 'b']));
    expect(said(apply(command('down', { term: 2, atUnixMs: T0 + 180_000 }), 2))).toBe('braked');
    expect(membership.braked('a', T0 + 180_000)?.untilUnixMs).toBe(T0 + 180_000 + 50_000);
  });

  test('A15: a zone that is dark altogether is protected like one that is half dark', () => {
    const { tell, about } = serving();
    tell(brake(['a', 'b', 'c'], { zone: 'east' }));
    expect(['a', 'b', 'c'].map((nodeId) => about('down', nodeId, HOLD_MS - 1))).toEqual(['braked', 'braked', 'braked']);
  });

  test('a brake does not latch: when the last of its members is back it is gone, with nobody releasing it', () => {
    const { membership, tell, about } = serving();
    for (const nodeId of ['a', 'b']) about('suspect', nodeId);
    tell(brake(['a', 'b'], { zone: 'east' }));
    expect(['a', 'b'].map((nodeId) => about('clear', nodeId, 1000))).toEqual(['HEALTHY', 'HEALTHY + released']);
    expect(membership.brakes()).toEqual([]);
  });
});

/** The same by keeping a list of everything that happened, and reading all of it each time. */
class Oracle {
  private readonly facts: { zone: string | null; nodeId: string; sinceMs: number; holdMs: number; isOver: boolean }[] = [];
  private readonly removals: { zone: string | null; of: string; atMs: number; brakeNo: number }[] = [];
  private readonly numbers = new Map<string | null, number>();

  engage(zone: string | null, nodeIds: readonly string[], holdMs: number, sinceMs: number): void {
    const open = this.facts.filter((fact) => fact.zone === zone && !fact.isOver);
    const added = nodeIds.filter((nodeId) => !open.some((fact) => fact.nodeId === nodeId));
    if (added.length === 0) return;
    if (open.length === 0) this.numbers.set(zone, (this.numbers.get(zone) ?? 0) + 1);
    for (const fact of open) fact.holdMs = holdMs;
    for (const nodeId of added) this.facts.push({ zone, nodeId, sinceMs, holdMs, isOver: false });
  }

  end(is: (fact: { zone: string | null; nodeId: string }) => boolean): void {
    for (const fact of this.facts) if (is(fact)) fact.isOver = true;
  }

  covering(nodeId: string) {
    return this.facts.filter((fact) => fact.nodeId === nodeId && !fact.isOver);
  }

  mayRemove(nodeId: string, of: string, atMs: number): boolean {
    return this.covering(nodeId).every(({ zone, sinceMs, holdMs }) => {
      const isFast = this.removals.some((it) => it.zone === zone && it.of === of && it.brakeNo === this.numbers.get(zone) && atMs < it.atMs + holdMs / 6);
      return atMs >= sinceMs + holdMs && !isFast;
    });
  }

  removed(nodeId: string, of: string, atMs: number): void {
    for (const { zone } of this.covering(nodeId)) this.removals.push({ zone, of, atMs, brakeNo: this.numbers.get(zone) ?? 0 });
  }

  zones(): (string | null)[] {
    return [...new Set(this.facts.filter(({ isOver }) => !isOver).map(({ zone }) => zone))];
  }
}

test('whatever happens, who may be removed for silence is what an oracle says that reads the whole past', () => {
  const nodes = ['a', 'b', 'c', 'd'];
  const zoneOf = (nodeId: string): string => (nodeId === 'd' ? 'west' : 'east');
  const step = fc.record({
    pauseMs: fc.constantFrom(0, 500, 1000, 3000, 6000),
    kind: fc.constantFrom('brake', 'brake', 'release', 'down', 'down', 'down', 'crashed', 'clear', 'boot'),
    nodeId: fc.constantFrom(...nodes),
    nodeIds: fc.subarray(nodes),
    zone: fc.constantFrom(null, 'east', 'west'),
    holdMs: fc.constantFrom(6000, 12_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { membership, apply } = applying(new Membership({ ...rules, flapSuppress: 1e9 }));
      const oracle = new Oracle();
      const [verdicts, wanted]: [unknown[], unknown[]] = [[], []];
      let [atUnixMs, incarnation] = [T0, 5];
      for (const nodeId of nodes) apply(joinFrom(zoneOf(nodeId), { nodeId }));
      for (const { pauseMs, kind, nodeId, nodeIds, zone, holdMs } of steps) {
        atUnixMs += pauseMs;
        const about = { atUnixMs, nodeId, incarnation: membership.member(nodeId)?.record.incarnation ?? 0 };
        const isDown = membership.member(nodeId)?.record.status === 'DOWN';
        if (kind === 'brake') {
          const alive = nodeIds.filter((it) => (zone === null || zoneOf(it) === zone) && membership.member(it)?.record.status !== 'DOWN');
          apply(brake(nodeIds, { zone, holdMs, atUnixMs }));
          oracle.engage(zone, alive, holdMs, atUnixMs);
        } else if (kind === 'release') {
          apply(release({ zone, atUnixMs }));
          oracle.end((fact) => fact.zone === zone);
        } else if (kind === 'boot' || kind === 'crashed' || kind === 'clear') {
          if (kind === 'clear') apply(command('suspect', about));
          apply(kind === 'boot' ? joinFrom(zoneOf(nodeId), { ...about, incarnation: (incarnation += 1) }) : command(kind === 'clear' ? 'clear' : 'down', { ...about, failure: 'crashed' }));
          oracle.end((fact) => fact.nodeId === nodeId);
        } else {
          const mayRemove = oracle.mayRemove(nodeId, zoneOf(nodeId), atUnixMs);
          const isFree = membership.braked(nodeId, atUnixMs) === null;
          verdicts.push([isFree, said(apply(command('down', about))).split(' ')[0]]);
          wanted.push([mayRemove, isDown ? 'wrong-status' : mayRemove ? 'DOWN' : 'braked']);
          if (mayRemove) oracle.removed(nodeId, zoneOf(nodeId), atUnixMs);
          if (mayRemove) oracle.end((fact) => fact.nodeId === nodeId);
        }
        expect(new Set(membership.brakes().map((it) => it.zone))).toEqual(new Set(oracle.zones()));
        for (const it of nodes) expect(membership.brakes().filter(({ nodeIds: ids }) => ids.includes(it)).length).toBe(oracle.covering(it).length);
      }
      expect(verdicts).toEqual(wanted);
    }),
  );
});
