/** A checker that finds nothing is worth nothing: bad histories, known ones and made ones, and an oracle that tries everything. */
import fc from 'fast-check';
import { checkLinearizable, HistoryCheck } from './history-check.js';
import type { Operation } from './operation.js';

/** Above every time that a slow machine takes. */
const TEST_MS = 120_000;

/** `who kind value from..to #index`, for the register x unless it is named: `a write 1 0..5`, `b read y=1 6..7 #4`; `..?` is no answer. */
function operation(text: string): Operation {
  const [, client = '', kind, key = 'x', value = '', from, to, index] = /^(\w+) (write|read) (?:(\w+)=)?(\S+) (\d+)\.\.(\d+|\?)(?: #(\d+))?$/.exec(text) ?? [];
  if (kind !== 'write' && kind !== 'read') throw new Error(`not an operation: ${text}`);
  return { client, kind, key, value: value === 'nothing' ? null : value, startMs: Number(from), endMs: to === '?' ? null : Number(to), index: index === undefined ? null : Number(index) };
}

const verdict = (...lines: string[]): string => {
  const found = checkLinearizable(lines.map(operation));
  return found.kind === 'violation' ? found.reason : found.kind;
};

test.each([
  { name: 'one after the other', lines: ['a write 1 0..1', 'a read 1 2..3', 'a write 2 4..5', 'b read 2 6..7'] },
  { name: 'nothing was written yet', lines: ['a read nothing 0..1', 'a write 1 2..3'] },
  { name: 'a read beside a write sees the value before it', lines: ['a write 1 0..1', 'a write 2 2..9', 'b read 1 3..4', 'b read 2 5..6'] },
  { name: 'writes at once, seen in one of their orders', lines: ['a write 1 0..9', 'b write 2 0..9', 'c write 3 0..9', 'd read 3 1..2', 'd read 1 3..4', 'd read 2 5..6'] },
  { name: 'a write without an answer that took effect late', lines: ['a write 1 0..1', 'b write 2 2..?', 'a read 1 3..4', 'a read 2 50..51'] },
  { name: 'a write without an answer that never did', lines: ['a write 1 0..1', 'b write 2 2..?', 'a read 1 50..51'] },
  { name: 'a read without an answer', lines: ['a write 1 0..1', 'b read nothing 2..?'] },
  { name: 'a write without an answer that the log shows', lines: ['a write 1 0..1 #1', 'b write 2 2..? #5', 'a read 1 3..4 #3', 'a read 2 50..51 #6'] },
  { name: 'a read that saw more than its place stands for', lines: ['a write 1 0..9 #5', 'b read 1 3..4 #2'] },
  { name: 'writes at once, in the order of their places', lines: ['a write 1 0..9 #6', 'b write 2 0..9 #5', 'c read 2 1..2', 'c read 1 3..4', 'c read 1 10..11'] },
  { name: 'indexes that follow time', lines: ['a write 1 0..1 #5', 'b read 1 2..3 #5', 'b read y=nothing 2..3 #6', 'a write 2 4..5 #7'] },
])('linearizable is: $name', ({ lines }) => {
  expect(verdict(...lines)).toBe('linearizable');
});

test.each([
  { name: 'a stale read, as of a leader that was deposed and does not know it', lines: ['a write 1 0..1', 'a write 2 2..3', 'b read 1 4..5'], says: 'b read 1 from x (4.0..5.0 ms) fits nowhere: before its answer the register could hold 2' },
  { name: 'a write that was acknowledged and is lost', lines: ['a write 1 0..1', 'b read nothing 2..3'], says: 'could hold 1' },
  { name: 'a value that nobody wrote', lines: ['a write 1 0..1', 'b read 7 2..3'], says: 'b read 7' },
  { name: 'a value that was seen and is gone again', lines: ['a write 1 0..1', 'a write 2 2..20', 'b read 2 3..4', 'c read 1 5..6'], says: 'c read 1' },
  { name: 'two readers that see two writes in different orders', lines: ['a write 1 0..40', 'b write 2 0..40', 'c read 1 1..2', 'c read 2 5..6', 'd read 2 7..8', 'd read 1 9..10'], says: 'd read 1' },
  { name: 'a write without an answer that took effect twice', lines: ['a write 2 0..?', 'b read 2 1..2', 'b write 1 3..4', 'b read 1 5..6', 'b read 2 7..8'], says: 'b read 2' },
  { name: 'a write seen before it was asked for', lines: ['b read 1 0..1', 'a write 1 2..3'], says: 'b read 1' },
  { name: 'a write without an answer that the log shows, and that a later read missed', lines: ['a write 1 0..1 #1', 'b write 2 2..? #5', 'a read 1 50..51 #6'], says: 'a read 1' },
  { name: 'a read that missed a write that its place stands for', lines: ['a write 1 0..9 #5', 'b read nothing 3..4 #5'], says: 'b read null' },
  { name: 'writes at once, seen in another order than that of their places', lines: ['a write 1 0..9 #6', 'b write 2 0..9 #5', 'c read 1 1..2', 'c read 2 3..4'], says: 'c read 2' },
  { name: 'a read that goes back in the log, though its value looks right', lines: ['a write y=1 0..1 #9', 'b read 1 2..3 #8'], says: 'what began after index 9 was told has index 8' },
  { name: 'a write that takes a place that was told before', lines: ['a read y=nothing 0..1 #9', 'b write 1 2..3 #9'], says: 'has index 9' },
  { name: 'two leaders that gave one place to two writes', lines: ['a write 1 0..9 #4', 'b write y=2 0..9 #4'], says: 'two writes have the place 4' },
])('not linearizable is: $name', ({ lines, says }) => {
  expect(verdict(...lines)).toContain(says);
});

test('a violation names the register, and what went on beside it', () => {
  expect(checkLinearizable(['a write z=1 0..1', 'a write x=1 0..1', 'c write x=2 2..9', 'b read x=nothing 4..5'].map(operation))).toMatchObject({ kind: 'violation', key: 'x', operations: [{ client: 'c' }, { client: 'b' }] });
});

test('registers may begin with something', () => {
  expect(checkLinearizable([operation('a read 5 0..1')], '5').kind).toBe('linearizable');
});

/** Operations of one register, made at random: most such histories are wrong somewhere. */
const made = fc
  .array(
    fc.record({ startMs: fc.integer({ min: 0, max: 30 }), tookMs: fc.integer({ min: 0, max: 12 }), isWrite: fc.boolean(), value: fc.integer({ min: 0, max: 2 }), isLost: fc.integer({ min: 0, max: 4 }).map((drawn) => drawn === 0), index: fc.option(fc.integer({ min: -2, max: 2 }), { freq: 2 }) }),
    { maxLength: 7 },
  )
  .map((drawn) => drawn.map(({ startMs, tookMs, isWrite, value, isLost, index }, position): Operation => ({
    client: String(position),
    key: 'x',
    kind: isWrite ? 'write' : 'read',
    value: value === 0 && !isWrite ? null : String(value),
    startMs,
    endMs: isLost ? null : startMs + tookMs,
    // Near the order of time, so that not every history fails for it.
    index: isLost || index === null ? null : (startMs + index) * 10 + (isWrite ? position : 0),
  })));

/** Operations that a true register answered, each at a moment in its span; then `slips` of the answers are changed. */
const answered = fc
  .record({ turns: fc.array(fc.record({ before: fc.integer({ min: 0, max: 3 }), after: fc.integer({ min: 0, max: 3 }), isWrite: fc.boolean(), value: fc.integer({ min: 0, max: 1 }), isLost: fc.integer({ min: 0, max: 3 }).map((drawn) => drawn === 0), hasHappened: fc.boolean(), isPlaced: fc.boolean() }), { maxLength: 7 }), slip: fc.option(fc.nat(6), { freq: 3 }) })
  .map(({ turns, slip }) => {
    let value: string | null = null;
    return turns.map(({ before, after, isWrite, value: drawn, isLost, hasHappened, isPlaced }, turn): Operation => {
      if (isWrite && (!isLost || hasHappened)) value = String(drawn);
      const told = turn === slip && !isWrite ? (value === '1' ? '0' : '1') : value;
      return { client: String(turn), key: 'x', kind: isWrite ? 'write' : 'read', value: isWrite ? String(drawn) : told, startMs: turn - before, endMs: isLost ? null : turn + after, index: isPlaced && !isLost ? turn : null };
    });
  });

/** Tries every order of every choice of the writes that were not answered. Places order writes; a read has seen all up to its own. */
function isLinearizable(rest: readonly Operation[], value: string | null): boolean {
  if (rest.every(({ endMs }) => endMs === null)) return true;
  return rest.some((next) => {
    // Nothing that must come before it is left.
    const isTooEarly = (other: Operation): boolean =>
      other !== next && ((other.endMs !== null && other.endMs < next.startMs) || (other.kind === 'write' && other.index !== null && next.index !== null && (next.kind === 'write' ? other.index < next.index : other.index <= next.index)));
    if (rest.some(isTooEarly)) return false;
    if (next.kind === 'read' && next.endMs !== null && next.value !== value) return false;
    return isLinearizable(rest.filter((other) => other !== next), next.kind === 'write' ? next.value : value);
  });
}

/** What was told before something began is not less far than what it tells itself. */
function isInOrder(history: readonly Operation[]): boolean {
  return history.every((earlier) =>
    history.every((later) => {
      if (earlier === later || earlier.index === null || later.index === null) return true;
      if (earlier.kind === 'write' && later.kind === 'write' && earlier.index === later.index) return false;
      if (earlier.endMs === null || earlier.endMs >= later.startMs) return true;
      return later.kind === 'write' ? later.index > earlier.index : later.index >= earlier.index;
    }),
  );
}

test.each([
  { name: 'made at random', histories: made },
  { name: 'of a true register, with a slip or without', histories: answered },
])('it agrees with an oracle that tries everything, on histories $name', ({ histories }) => {
  const seen = { yes: 0, no: 0 };
  fc.assert(
    fc.property(histories, (history) => {
      const expected = isInOrder(history) && isLinearizable(history, null);
      seen[expected ? 'yes' : 'no'] += 1;
      expect(checkLinearizable(history).kind).toBe(expected ? 'linearizable' : 'violation');
    }),
    { numRuns: 4000 },
  );
  expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(150);
}, TEST_MS);

test('cut where nothing is open, a history gets the verdict that it gets as a whole', () => {
  const seen = { yes: 0, no: 0 };
  fc.assert(
    fc.property(fc.array(answered, { minLength: 1, maxLength: 4 }), (drawn) => {
      const pieces = drawn.map((piece, at) => piece.map((each): Operation => ({ ...each, startMs: each.startMs + at * 100, endMs: each.endMs === null ? null : each.endMs + at * 100, index: each.index === null ? null : each.index + at * 100 })));
      const whole = checkLinearizable(pieces.flat()).kind;
      const check = new HistoryCheck();
      const cut = pieces.every((piece) => check.take(piece).kind === 'linearizable');
      seen[cut ? 'yes' : 'no'] += 1;
      expect(cut ? 'linearizable' : 'violation').toBe(whole);
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(100);
}, TEST_MS);

test.each([
  { name: 'a value that was overwritten', lines: ['b read 1 5..6'], says: 'b read 1' },
  { name: 'a place that was passed', lines: ['b read y=nothing 5..6 #8'], says: 'what began after index 9 was told has index 8' },
  { name: 'a lost write a second time', lines: ['b write 2 5..6', 'b read 3 7..8'], says: 'b read 3' },
])('of what was cut off before it remembers what makes $name wrong', ({ lines, says }) => {
  const check = new HistoryCheck();
  expect(check.take(['a write 1 0..1 #7', 'a write 3 1..?', 'a write 2 2..3 #9', 'a read 3 3..4'].map(operation)).kind).toBe('linearizable');
  expect(check.take(lines.map(operation))).toMatchObject({ kind: 'violation', reason: expect.stringContaining(says) });
});

test('writes whose answers were lost make a long history no harder', () => {
  const history: Operation[] = [];
  let value = 'v0';
  for (let turn = 0; turn < 20_000; turn++) {
    const isLost = turn % 50 === 0;
    const kind = isLost || turn % 3 === 0 ? 'write' : 'read';
    // Two values only, so that no answer says whose write it saw; every other of the lost writes has taken effect.
    if (kind === 'write' && turn % 100 !== 0) value = `v${turn % 2}`;
    history.push({ client: String(turn % 7), key: 'x', kind, value: kind === 'write' ? `v${turn % 2}` : value, startMs: turn - (turn % 4), endMs: isLost ? null : turn + 3 - (turn % 3), index: null });
  }
  expect(checkLinearizable(history, 'v0').kind).toBe('linearizable');
  expect(checkLinearizable([...history, operation('late read v7 30000..30001')], 'v0')).toMatchObject({ kind: 'violation', reason: expect.stringContaining('late read v7') });
}, TEST_MS);

test('a long history of many clients is checked, and one wrong answer in it is found', () => {
  const history: Operation[] = [];
  let value: string | null = null;
  for (let turn = 0; turn < 20_000; turn++) {
    const kind = turn % 3 === 0 ? 'write' : 'read';
    if (kind === 'write') value = `v${turn}`;
    // Each takes effect at `turn`, somewhere in its span: seven at a time.
    history.push({ client: String(turn % 7), key: 'x', kind, value, startMs: turn - (turn % 4), endMs: turn + 3 - (turn % 3), index: turn });
  }
  expect(checkLinearizable(history).kind).toBe('linearizable');
  const wrong = history.map((each, position) => (position === 19_001 ? { ...each, value: 'v3' } : each));
  expect(checkLinearizable(wrong)).toMatchObject({ kind: 'violation', reason: expect.stringContaining('read v3') });
}, TEST_MS);
