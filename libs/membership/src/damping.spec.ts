import fc from 'fast-check';
import { applying, command, rules, said, T0 } from '../testing/fixtures.js';
import type { MemberCommand } from './command.js';
import { charged, penaltyAt, reusableAtMs } from './damping.js';
import { UNDAMPED } from './member.js';
import { Membership } from './membership.js';

const { flapHalfLifeMs: halfLifeMs } = rules;

describe('the penalty', () => {
  const one = charged(rules, UNDAMPED, 1, T0);

  test.each([0, 0.25, 0.5, 1, 1.5, 2, 7.3, 40, 64])('after %d half-lives is what the formula says', (lives) => {
    expect(penaltyAt(rules, one, T0 + lives * halfLifeMs)).toBeCloseTo(2 ** -lives, 14);
  });

  test('is gone after many half-lives, and does not grow when time seems to run backwards', () => {
    expect(penaltyAt(rules, one, T0 + 100 * halfLifeMs)).toBe(0);
    expect(penaltyAt(rules, one, T0 - halfLifeMs)).toBe(1);
  });

  test('has a cap: nobody is damped for more than four half-lives after the last failure', () => {
    let damping = UNDAMPED;
    for (let count = 0; count < 1000; count++) damping = charged(rules, { ...damping, charged: 0 }, 1, T0);
    expect(damping.penalty).toBe(rules.flapPenaltyMax);
    expect(reusableAtMs(rules, damping) - T0).toBe(4 * halfLifeMs + 1);
  });

  test('is said to be low enough at the first moment at which it is', () => {
    fc.assert(
      fc.property(fc.double({ min: rules.flapReuse * 1.0001, max: 12, noNaN: true }), fc.integer({ min: 1000, max: 86_400_000 }), (penalty, flapHalfLifeMs) => {
        const these = { ...rules, flapHalfLifeMs };
        const damping = { penalty, atMs: T0, charged: 1 };
        const atMs = reusableAtMs(these, damping);
        expect(penaltyAt(these, damping, atMs)).toBeLessThan(rules.flapReuse);
        expect(penaltyAt(these, damping, atMs - 3)).toBeGreaterThan(rules.flapReuse);
      }),
    );
  });
});

/** Node `a` in service; times are seconds after that. */
function serving() {
  const { membership, apply } = applying();
  apply(command('join'));
  apply(command('admit'));
  const at = (seconds: number, kind: MemberCommand['kind'], more: Parameters<typeof command>[1] = {}): string => said(apply(command(kind, { atUnixMs: T0 + seconds * 1000, ...more })));
  const penalty = (seconds: number): number => membership.damping('a', T0 + seconds * 1000).penalty;
  const marks = (): readonly string[] => membership.member('a')?.record.marks ?? [];
  return { membership, apply, at, penalty, marks };
}

describe('one failure counts once', () => {
  test.each([
    { name: 'a silent suspect', steps: ['suspect'], expected: 1 },
    { name: 'a silent suspect that is DOWN then', steps: ['suspect', 'down'], expected: 1 },
    { name: 'a crash without suspicion', steps: ['down'], expected: 1 },
    { name: 'a stalled suspect', steps: ['stalled'], expected: 0.25 },
    { name: 'a stalled suspect that is DOWN then', steps: ['stalled', 'down'], expected: 1 },
    { name: 'a suspect that is another process then', steps: ['suspect', 'restart'], expected: 1 },
    { name: 'a restart without a word', steps: ['restart'], expected: 1 },
    { name: 'a restart after DOWN', steps: ['down', 'restart'], expected: 1 },
    { name: 'a restart after its leave', steps: ['leave', 'restart'], expected: 0 },
    { name: 'two suspicions', steps: ['suspect', 'clear', 'suspect'], expected: 2 },
    { name: 'a stall after a suspicion', steps: ['suspect', 'clear', 'stalled'], expected: 1.25 },
    { name: 'DOWN, refuted, and silent again', steps: ['down', 'refute', 'suspect'], expected: 2 },
    { name: 'DOWN, back as another process, and silent again', steps: ['down', 'restart', 'silence of the new one'], expected: 2 },
    { name: 'an eviction', steps: ['evicted'], expected: 0 },
  ])('$name: $expected', ({ steps, expected }) => {
    const { at, penalty } = serving();
    const said: Readonly<Record<string, [MemberCommand['kind'], object]>> = {
      stalled: ['suspect', { cause: 'stalled' }],
      restart: ['join', { incarnation: 6 }],
      'silence of the new one': ['suspect', { incarnation: 6 }],
      refute: ['join', {}],
      evicted: ['down', { failure: 'evicted' }],
    };
    steps.forEach((step, position) => {
      const [kind, more] = said[step] ?? [step as MemberCommand['kind'], {}];
      expect(at(0, kind, { seq: 21 + position, ...more })).toMatch(/^[A-Z]+$/);
    });
    expect(penalty(0)).toBeCloseTo(expected, 12);
  });
});

test('a flapping node is told of three times, then it stays suspect until its failures are half forgotten', () => {
  const { membership, at, marks } = serving();
  expect([at(0, 'suspect'), at(2, 'clear'), at(5, 'suspect')]).toEqual(['SUSPECT', 'HEALTHY', 'SUSPECT']);
  expect(marks()).toEqual(['damped']);
  const { untilUnixMs, isDamped, steadyMs } = membership.damping('a', T0 + 6000);
  expect({ isDamped, steadyMs }).toEqual({ isDamped: true, steadyMs: rules.stabilisationMs });
  const untilSeconds = ((untilUnixMs ?? NaN) - T0) / 1000;
  expect(untilSeconds).toBeGreaterThan(80);
  expect(untilSeconds).toBeLessThan(90);
  expect([at(6, 'clear'), at(untilSeconds - 0.01, 'clear')]).toEqual(['damped', 'damped']);
  expect(at(untilSeconds, 'clear')).toBe('HEALTHY');
  expect(marks()).toEqual([]);
  expect(membership.damping('a', T0 + untilSeconds * 1000)).toMatchObject({ isDamped: false, untilUnixMs: null });
});

test('a mark that nobody has taken off yet stands in nobody\'s way once the penalty is low', () => {
  const { membership, at } = serving();
  for (const kind of ['suspect', 'clear', 'suspect'] as const) at(0, kind);
  expect(membership.damping('a', T0 + 600_000)).toMatchObject({ isDamped: true, untilUnixMs: null });
});

test('the penalty of one failure is not enough, nor is that of two with time between', () => {
  const { at, marks } = serving();
  at(0, 'suspect');
  at(1, 'clear');
  at(70, 'suspect');
  expect(marks()).toEqual([]);
  expect(at(71, 'clear')).toBe('HEALTHY');
});

test('while damped, worse is still told: DOWN, leaving, left', () => {
  for (const last of ['down', 'leave', 'left'] as const) {
    const { at, marks } = serving();
    for (const kind of ['suspect', 'clear', 'suspect'] as const) at(0, kind);
    expect(['DOWN', 'LEAVING', 'LEFT']).toContain(at(1, last));
    expect(marks()).toEqual(['damped']);
  }
});

test('the same process that flapped until it was DOWN does not join before its penalty is low', () => {
  const { membership, at, marks } = serving();
  for (const kind of ['suspect', 'clear', 'suspect', 'down'] as const) at(0, kind);
  expect(at(10, 'join', { seq: 21 })).toBe('damped');
  const untilUnixMs = membership.damping('a', T0 + 10_000).untilUnixMs ?? NaN;
  expect(at((untilUnixMs - T0) / 1000, 'join', { seq: 22 })).toBe('JOINING');
  expect(marks()).toEqual([]);
});

test('a new boot of a damped node joins at once and keeps the mark: it is not admitted before the penalty is low', () => {
  const { membership, at, marks } = serving();
  for (const kind of ['suspect', 'clear', 'suspect', 'down'] as const) at(0, kind);
  const next = { incarnation: 6, seq: 30 };
  expect(at(1, 'join', next)).toBe('JOINING');
  expect(marks()).toEqual(['damped']);
  expect(at(40, 'admit', next)).toBe('damped');
  const untilUnixMs = membership.damping('a', T0 + 40_000).untilUnixMs ?? NaN;
  expect(at((untilUnixMs - T0) / 1000, 'admit', next)).toBe('HEALTHY');
  expect(marks()).toEqual([]);
});

test('a new boot that comes when all is forgiven has no mark', () => {
  const { at, marks } = serving();
  for (const kind of ['suspect', 'clear', 'suspect', 'down'] as const) at(0, kind);
  at(600, 'join', { incarnation: 6, seq: 1 });
  expect(marks()).toEqual([]);
});

test('a process that dies again and again without ever being seen DOWN is damped as well', () => {
  const { at, marks } = serving();
  at(0, 'join', { incarnation: 6, seq: 1 });
  expect(marks()).toEqual([]);
  at(1, 'join', { incarnation: 7, seq: 1 });
  expect(marks()).toEqual(['damped']);
});

test('a clock that is set back by an hour does not damp for an hour', () => {
  const { membership, at } = serving();
  for (const kind of ['suspect', 'clear', 'suspect'] as const) at(3600, kind);
  expect(at(0, 'clear')).toBe('damped');
  expect(membership.damping('a', T0).untilUnixMs ?? NaN).toBeLessThan(T0 + 90_000);
  expect(at(90, 'clear')).toBe('HEALTHY');
});

test('of a node that nobody knows, nothing is held against it', () => {
  expect(new Membership(rules).damping('a', T0)).toEqual({ penalty: 0, isDamped: false, untilUnixMs: null, steadyMs: 0 });
});

/** The same by listing every failure, and summing up each time. */
class Oracle {
  private readonly charges: { readonly atMs: number; readonly weight: number }[] = [];
  private counted = 0;
  isDamped = false;

  penalty(atMs: number): number {
    return this.charges.reduce((sum, charge) => sum + charge.weight * 2 ** (-(atMs - charge.atMs) / halfLifeMs), 0);
  }

  fail(atMs: number, total: number): void {
    if (total > this.counted) this.charges.push({ atMs, weight: total - this.counted });
    this.counted = Math.max(this.counted, total);
    if (this.penalty(atMs) > rules.flapSuppress) this.isDamped = true;
  }

  /** True when it may be believed. */
  ask(atMs: number): boolean {
    if (this.isDamped && this.penalty(atMs) >= rules.flapReuse) return false;
    this.counted = 0;
    this.isDamped = false;
    return true;
  }

  boot(atMs: number, wasService: boolean): void {
    if (wasService) this.fail(atMs, 1);
    this.counted = 0;
    if (this.penalty(atMs) < rules.flapReuse) this.isDamped = false;
  }
}

/** One step of a node's life for both: what the state made of it, and what the oracle wants, as far as belief is concerned. */
function live(kind: string, status: string | undefined, atUnixMs: number, oracle: Oracle, tell: (kind: MemberCommand['kind'], more?: object) => string): [string, string] {
  const isService = status === 'JOINING' || status === 'HEALTHY';
  const believed = (): 'believed' | 'damped' => (oracle.ask(atUnixMs) ? 'believed' : 'damped');
  const heard = (it: MemberCommand['kind']): 'believed' | 'damped' => (tell(it) === 'damped' ? 'damped' : 'believed');
  if ((kind === 'suspect' || kind === 'stalled') && isService) {
    oracle.fail(atUnixMs, kind === 'stalled' ? 0.25 : 1);
    return [tell('suspect', { cause: kind === 'stalled' ? 'stalled' : 'silence' }), 'SUSPECT'];
  }
  if (kind === 'clear' && status === 'SUSPECT') return [heard('clear'), believed()];
  if (kind === 'refute' && status === 'DOWN') return [heard('join'), believed()];
  if (kind === 'admit' && status === 'JOINING') return [heard('admit'), believed()];
  if (kind === 'down' && status !== 'DOWN') {
    oracle.fail(atUnixMs, 1);
    return [tell('down'), 'DOWN'];
  }
  if (kind === 'boot') {
    oracle.boot(atUnixMs, status !== 'DOWN' && status !== 'LEAVING');
    return [tell('join'), 'JOINING'];
  }
  if (kind === 'leave') tell('leave');
  return ['', ''];
}

test('whatever a node does, penalty and mark are those of an oracle that lists every failure', () => {
  const step = fc.record({ pauseMs: fc.integer({ min: 0, max: 90_000 }), kind: fc.constantFrom('suspect', 'stalled', 'clear', 'down', 'refute', 'boot', 'admit', 'leave') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const oracle = new Oracle();
      const { membership, apply } = applying(new Membership({ ...rules, flapPenaltyMax: 1e9 }));
      let [atUnixMs, incarnation, seq] = [T0, 5, 1];
      apply(command('join', { incarnation, seq }));
      for (const { pauseMs, kind } of steps) {
        atUnixMs += pauseMs;
        seq += 1;
        const before = membership.member('a')?.record.status;
        if (kind === 'boot') incarnation += 1;
        const [got, wanted] = live(kind, before, atUnixMs, oracle, (it, more = {}) => said(apply(command(it, { atUnixMs, incarnation, seq, ...more }))));
        expect(got).toBe(wanted);
        expect(membership.damping('a', atUnixMs).penalty).toBeCloseTo(oracle.penalty(atUnixMs), 9);
        expect(membership.member('a')?.record.marks.includes('damped')).toBe(oracle.isDamped);
      }
    }),
  );
});
