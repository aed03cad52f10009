import fc from 'fast-check';
import { detectorConfig } from './config.js';
import { DetectorSet, type Stage } from './detector-set.js';

const config = detectorConfig({ phiThreshold: 8, failureTimeoutMs: 15_000 });
const INTERVAL_MS = 1000;
const timing = (seq: number, sentMonoMs: number, intervalMs = INTERVAL_MS) => ({ seq, sentMonoMs, intervalMs });

/** Nodes `a` and `b`, both watched at 0; `b` beats at 1000 as well. */
function pair(): DetectorSet {
  const set = new DetectorSet(config);
  set.watch('a', { intervalMs: INTERVAL_MS, nowMs: 0 });
  set.watch('b', { intervalMs: INTERVAL_MS, nowMs: 0 });
  set.heartbeat('b', timing(1, 0), 1, 1000);
  return set;
}

/** Nodes that beat once a second for 200 s, by the partitions that are given with them. */
function steady(partitions: Readonly<Record<string, number | undefined>>): DetectorSet {
  const set = new DetectorSet(config);
  for (const nodeId of Object.keys(partitions)) set.watch(nodeId, { intervalMs: INTERVAL_MS, nowMs: 0 });
  for (let seq = 1; seq <= 200; seq++) for (const [nodeId, partition] of Object.entries(partitions)) set.heartbeat(nodeId, timing(seq, seq * 1000), 1, seq * 1000, partition);
  return set;
}
const LAST_MS = 200_000;

const stages: ReadonlyArray<{ name: string; silenceMs: number; stage: Stage; isBeatLate: boolean; isBeatOverdue: boolean }> = [
  { name: 'just before it is worth a look', silenceMs: 1369, stage: 'alive', isBeatLate: false, isBeatOverdue: false },
  { name: 'just after that', silenceMs: 1370, stage: 'late', isBeatLate: true, isBeatOverdue: false },
  { name: 'with one beat lost and the next half an interval late', silenceMs: 2500, stage: 'late', isBeatLate: true, isBeatOverdue: false },
  { name: 'just before mean + pause + 5.226 deviations', silenceMs: 2522, stage: 'late', isBeatLate: true, isBeatOverdue: false },
  { name: 'just after it', silenceMs: 2523, stage: 'overdue', isBeatLate: true, isBeatOverdue: true },
  { name: 'shortly before the verdict', silenceMs: 11_999, stage: 'overdue', isBeatLate: true, isBeatOverdue: true },
  { name: 'silent for 0.8 of the failure timeout', silenceMs: 12_000, stage: 'silent', isBeatLate: true, isBeatOverdue: true },
];
test.each(stages)('a steady peer, $name, is $stage', ({ silenceMs, stage, isBeatLate, isBeatOverdue }) => {
  expect(steady({ a: 0 }).reading('a', LAST_MS + silenceMs)).toMatchObject({ stage, isBeatLate, isBeatOverdue });
});

test('the next deadline is that of the node that was silent longest', () => {
  const set = pair();
  const deadlineMs = set.nextDeadlineMs(1000) ?? 0;
  expect(set.reading('a', deadlineMs)?.stage).toBe('late');
  expect(set.reading('b', deadlineMs)?.stage).toBe('alive');
  expect(set.deadlineMs('a', 1000)).toBe(deadlineMs);
  expect(set.late(deadlineMs)).toEqual(['a']);
  expect(set.deadlineMs('nobody', 1000)).toBeNull();
});

test('nobody watched, or all silent, means no deadline', () => {
  expect(new DetectorSet(config).nextDeadlineMs(5)).toBeNull();
  expect(pair().nextDeadlineMs(1e6)).toBeNull();
});

test('a node that is forgotten has no deadline and no reading, and its beats are not taken', () => {
  const set = pair();
  expect(set.late(5000)).toHaveLength(2);
  set.forget('a');
  set.forget('b');
  expect([set.has('b'), set.stage('b', 5000)]).toEqual([false, null]);
  expect([set.reading('a', 0), set.rhythm('a'), set.nextDeadlineMs(5000), set.late(5000), set.size, set.has('a')]).toEqual([null, null, null, [], 0, false]);
  expect(set.heartbeat('a', timing(9, 0), 1, 10)).toBe(false);
  set.answered('a', 10);
});

test('a node watched anew has nothing of its last life, nor of the node whose slot it took', () => {
  const set = steady({ a: 3 });
  set.heartbeat('a', timing(201, 1e9, 100), 1, LAST_MS + 500);
  for (const again of ['a', 'c']) {
    if (again === 'c') set.forget('a');
    set.watch(again, { intervalMs: INTERVAL_MS, nowMs: 300_000 });
    const fresh = new DetectorSet(config);
    fresh.watch(again, { intervalMs: INTERVAL_MS, nowMs: 300_000 });
    expect(set.rhythm(again)).toEqual(fresh.rhythm(again));
    expect(set.nextDeadlineMs(300_000)).toBe(fresh.nextDeadlineMs(300_000));
    // An old clock would make its first beat look as if it had waited long, an old sequence as if it were known.
    expect(set.heartbeat(again, timing(1, 5), 1, 300_000)).toBe(true);
    expect(set.reading(again, 300_000)?.silenceMs).toBe(0);
    set.excuse(301_000, 500, 2000, 7);
    expect(set.reading(again, 301_000)?.silenceMs).toBe(500);
  }
});

test('a sender that changes its interval is judged by the new one at once', () => {
  const set = steady({ a: 0 });
  set.heartbeat('a', timing(201, 201_000, 100), 1, LAST_MS + 1000);
  expect(set.rhythm('a')?.suspectAfterMs).toBeLessThan(1300);
  expect(set.nextDeadlineMs(LAST_MS + 1000)).toBeLessThan(LAST_MS + 1000 + 200);
});

test('beats that were lost are learnt as a slower rhythm', () => {
  const set = steady({ a: 0 });
  const beforeMs = set.rhythm('a')?.suspectAfterMs ?? 0;
  let [seq, atMs] = [200, LAST_MS];
  for (let count = 0; count < 200; count++) {
    const skipped = count % 3 === 0 ? 2 : 1;
    set.heartbeat('a', timing((seq += skipped), (atMs += skipped * 1000)), 1, atMs);
  }
  expect(set.rhythm('a')?.suspectAfterMs).toBeGreaterThan(beforeMs + 1000);
});

test('the jitter of a busy host is no irregular heart, one odd gap at the start is none; half the beats a second late is', () => {
  const irregularity = (gapsMs: readonly number[]): number => {
    const set = new DetectorSet(config);
    set.watch('a', { intervalMs: INTERVAL_MS, nowMs: 0 });
    let sentMs = 0;
    gapsMs.forEach((gapMs, position) => set.heartbeat('a', timing(position + 1, (sentMs += gapMs)), 1, sentMs));
    return set.reading('a', sentMs)?.irregularity ?? NaN;
  };
  expect(irregularity(Array.from({ length: 200 }, (_, count) => (count % 2 === 0 ? 950 : 1050)))).toBe(0);
  expect(irregularity([0, 100, 2800, 1000])).toBe(0);
  expect(irregularity(Array.from({ length: 200 }, (_, count) => (count % 2 === 0 ? 1000 : 2000)))).toBeCloseTo(0.3, 2);
});

test('an answered probe ends the silence but the beat stays late and overdue', () => {
  const set = steady({ a: 0 });
  set.answered('a', LAST_MS + 5000);
  expect(set.reading('a', LAST_MS + 5100)).toMatchObject({ stage: 'alive', silenceMs: 100, isBeatLate: true, isBeatOverdue: true });
  expect(set.overdue(LAST_MS + 5100)).toEqual(['a']);
  expect(set.nextDeadlineMs(LAST_MS + 5100)).toBeCloseTo(LAST_MS + 6370);
});

test('an answer that comes late takes nothing back', () => {
  const set = steady({ a: 0 });
  set.answered('a', LAST_MS - 3000);
  expect(set.reading('a', LAST_MS + 100)).toMatchObject({ stage: 'alive', silenceMs: 100 });
});

test('one that was silent is alive again with an answer, and has a deadline again', () => {
  const set = steady({ a: 0 });
  expect(set.nextDeadlineMs(LAST_MS + 20_000)).toBeNull();
  set.answered('a', LAST_MS + 20_000);
  expect(set.nextDeadlineMs(LAST_MS + 20_000)).toBeCloseTo(LAST_MS + 21_370);
});

describe('what we did not observe', () => {
  test('a short absence moves every deadline by its length, and absences add up', () => {
    const set = pair();
    const deadlineMs = set.nextDeadlineMs(1000) ?? 0;
    set.excuse(1500, 400, 2000);
    expect(set.nextDeadlineMs(1500)).toBeCloseTo(deadlineMs + 400);
    expect(set.reading('a', deadlineMs + 399)?.stage).toBe('alive');
    set.excuse(2000, 300, 2000);
    expect(set.nextDeadlineMs(2000)).toBeCloseTo(deadlineMs + 700);
    set.excuse(2000, 0, 2000);
    expect(set.nextDeadlineMs(2000)).toBeCloseTo(deadlineMs + 700);
  });

  test('after a long absence every node has a full deadline from now', () => {
    const set = steady({ a: 0 });
    set.excuse(LAST_MS + 60_000, 50_000, 2000);
    expect(set.reading('a', LAST_MS + 60_000)).toMatchObject({ stage: 'alive', silenceMs: 10_000, isBeatLate: false, isBeatOverdue: false });
    expect(set.nextDeadlineMs(LAST_MS + 60_000)).toBeCloseTo(LAST_MS + 61_370);
    expect(set.reading('a', LAST_MS + 62_522)?.stage).toBe('late');
  });

  test('one that was nearly given up before a long absence has a full deadline after it, too', () => {
    const set = steady({ a: 0 });
    set.excuse(LAST_MS + 61_900, 50_000, 2000);
    expect(set.reading('a', LAST_MS + 61_900 + 2500)?.stage).toBe('late');
    expect(set.reading('a', LAST_MS + 61_900 + 2523)?.stage).toBe('silent');
  });

  test('being away again and again cannot put off the verdict for ever: observed silence of the limit and one deadline is enough', () => {
    const set = steady({ a: 0 });
    let nowMs = LAST_MS;
    let observedMs = 0;
    while (set.reading('a', nowMs)?.stage !== 'silent' && observedMs < 60_000) {
      nowMs += 2000;
      observedMs += 1000;
      set.excuse(nowMs, 1000, 1000);
    }
    expect(observedMs).toBe(15_000);
  });

  test('short absences leave the verdict where it is in observed time', () => {
    const set = steady({ a: 0 });
    for (let nowMs = LAST_MS + 1000; nowMs <= LAST_MS + 10_000; nowMs += 1000) set.excuse(nowMs, 500, 2000);
    expect(set.reading('a', LAST_MS + 16_999)?.stage).toBe('overdue');
    expect(set.reading('a', LAST_MS + 17_000)?.stage).toBe('silent');
  });

  test('a beat that came during an absence of ours gives a full deadline, not one longer by the absence', () => {
    const set = pair();
    const patienceMs = set.nextDeadlineMs(0) ?? 0;
    set.heartbeat('a', timing(1, 0), 1, 2900);
    set.answered('b', 2950);
    set.excuse(3000, 1500, 2000);
    expect(set.deadlineMs('a', 3000)).toBeCloseTo(3000 + patienceMs);
    expect(set.reading('b', 3000 + patienceMs - 1)?.stage).toBe('alive');
    expect(set.reading('b', 3000 + patienceMs)?.stage).toBe('late');
    expect(set.reading('a', 3500)?.silenceMs).toBeCloseTo(500);
  });

  test('blind in one partition, we excuse those who beat through it and those of whom we do not know; the others stay due', () => {
    const set = steady({ a: 0, b: 1, unknown: undefined });
    set.excuse(LAST_MS + 5000, 4000, 2000, 1);
    const stage = (nodeId: string) => set.reading(nodeId, LAST_MS + 5000)?.stage;
    expect([stage('a'), stage('b'), stage('unknown')]).toEqual(['overdue', 'alive', 'alive']);
    expect(set.overdue(LAST_MS + 5000)).toEqual(['a']);
  });

  test('a beat by another lane leaves the partition of a node as it is known', () => {
    const set = steady({ a: 1 });
    set.heartbeat('a', timing(201, 201_000), 1, LAST_MS + 1000);
    set.excuse(LAST_MS + 5000, 4000, 2000, 0);
    expect(set.reading('a', LAST_MS + 5000)?.stage).toBe('overdue');
    set.excuse(LAST_MS + 5000, 4000, 2000, 1);
    expect(set.reading('a', LAST_MS + 5000)?.stage).toBe('alive');
  });

  test('one that was silent before a long absence is judged anew after it, with a deadline', () => {
    const set = steady({ a: 0 });
    expect(set.nextDeadlineMs(LAST_MS + 20_000)).toBeNull();
    set.excuse(LAST_MS + 20_000, 15_000, 2000);
    expect(set.reading('a', LAST_MS + 20_000)?.stage).toBe('alive');
    expect(set.nextDeadlineMs(LAST_MS + 20_000)).toBeCloseTo(LAST_MS + 21_370);
  });
});

describe('a beat that waited in a queue', () => {
  test('counts from when it was made', () => {
    const set = steady({ a: 0 });
    set.heartbeat('a', timing(201, 201_000), 1, 201_800);
    expect(set.reading('a', 201_800)?.silenceMs).toBe(800);
    expect(set.reading('a', 201_000 + 2522)?.stage).toBe('late');
    expect(set.reading('a', 201_000 + 2524)?.stage).toBe('overdue');
  });

  test('is dated back by half the patience at most: however far behind we read, a node is not suspect while its beats come', () => {
    const set = steady({ a: 0 });
    const before: (Stage | undefined)[] = [];
    for (let seq = 201; seq < 300; seq++) {
      before.push(set.reading('a', seq * 1000 + 59_999)?.stage);
      set.heartbeat('a', timing(seq, seq * 1000), 1, seq * 1000 + 60_000);
      expect(set.reading('a', seq * 1000 + 60_000)?.silenceMs).toBeLessThanOrEqual(2523 / 2);
    }
    expect([...new Set(before.slice(1, 24))]).toEqual(['late']);
    // What always takes a minute is taken for the length of the way in the end.
    expect([...new Set(before.slice(65))]).toEqual(['alive']);
  });

  test('never dates life before what is known of it', () => {
    const set = steady({ a: 0 });
    set.answered('a', 201_700);
    set.heartbeat('a', timing(201, 201_000), 1, 201_800);
    expect(set.reading('a', 201_800)?.silenceMs).toBe(100);
    set.heartbeat('a', timing(202, 201_001), 1, 201_801);
    expect(set.deadlineMs('a', 201_801)).toBeGreaterThanOrEqual(201_000 + 1300);
  });

  test('that was made while we were away does not shorten the full deadline after it', () => {
    const set = steady({ a: 0 });
    set.excuse(LAST_MS + 3000, 3000, 2000);
    set.heartbeat('a', timing(202, 202_000), 2, LAST_MS + 3100);
    expect(set.reading('a', LAST_MS + 3000 + 1369)).toMatchObject({ stage: 'alive', isBeatLate: false });
  });

  const sent = fc.record({ gapMs: fc.integer({ min: 900, max: 1100 }), delayMs: fc.integer({ min: 0, max: 1200 }), stepMs: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -100_000, max: 100_000 }) }), isRestart: fc.integer({ min: 0, max: 30 }).map((dice) => dice === 0) });

  test('with clocks that drift by 200 ppm, are set back and forth, and restart, a beat is never dated after it came, nor before it was made or another life', () => {
    fc.assert(
      fc.property(fc.array(sent, { minLength: 1, maxLength: 150 }), fc.constantFrom(-200e-6, 0, 200e-6), fc.integer({ min: 0, max: 1e9 }), (beats, drift, bootMs) => {
        const set = new DetectorSet(config);
        let [madeMs, clockMs, seq, arrivedMs] = [0, bootMs, 0, 0];
        let isStepped = false;
        set.watch('a', { intervalMs: INTERVAL_MS, nowMs: 0 });
        for (const { gapMs, delayMs, stepMs, isRestart } of beats) {
          madeMs += gapMs;
          clockMs = isRestart ? 0 : Math.max(0, clockMs + gapMs * (1 + drift) + stepMs);
          isStepped ||= stepMs !== 0;
          arrivedMs = Math.max(arrivedMs, madeMs + delayMs);
          if (isRestart) set.watch('a', { intervalMs: INTERVAL_MS, nowMs: arrivedMs });
          seq = isRestart ? 1 : seq + 1;
          const beforeMs = arrivedMs - (set.reading('a', arrivedMs)?.silenceMs ?? NaN);
          set.heartbeat('a', timing(seq, clockMs), 1, arrivedMs);
          const datedMs = arrivedMs - (set.reading('a', arrivedMs)?.silenceMs ?? NaN);
          expect(datedMs).toBeLessThanOrEqual(arrivedMs);
          expect(datedMs).toBeGreaterThanOrEqual(beforeMs - 1e-6);
          // A clock that was set forward is believed at once; one that was set back by less than a gap is found out after 64 beats.
          expect(isStepped || datedMs >= madeMs - 1 - 150 * 1100 * 200e-6).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('whatever is done to it', () => {
  type Step =
    | { readonly kind: 'watch' | 'forget' | 'answered'; readonly nodeId: string; readonly intervalMs: number }
    | { readonly kind: 'beat'; readonly nodeId: string; readonly intervalMs: number; readonly skip: number; readonly sentGapMs: number; readonly arrived: number; readonly partition: number | undefined }
    | { readonly kind: 'excuse'; readonly unobservedMs: number; readonly partition: number | undefined }
    | { readonly kind: 'look' };
  const nodeIds = ['a', 'b', 'c', 'd', 'e'];
  const nodeId = fc.constantFrom(...nodeIds);
  const intervalMs = fc.constantFrom(10, 250, 1000, 60_000);
  const partition = fc.constantFrom(0, 1, undefined);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: fc.constantFrom('watch' as const, 'forget' as const, 'answered' as const), nodeId, intervalMs }),
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('beat' as const), nodeId, intervalMs, skip: fc.integer({ min: 0, max: 3 }), sentGapMs: fc.oneof(fc.integer({ min: -2000, max: 5000 }), fc.double({ min: -1e12, max: 1e12, noNaN: true })), arrived: fc.integer({ min: 0, max: 5 }), partition }) },
    fc.record({ kind: fc.constant('excuse' as const), unobservedMs: fc.integer({ min: 0, max: 8000 }), partition }),
    fc.record({ kind: fc.constant('look' as const) }),
  );
  const timed = fc.record({ step, gapMs: fc.oneof(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 0, max: 20_000 })) });
  const shape = (set: DetectorSet, nowMs: number): string => nodeIds.map((id) => set.reading(id, nowMs)).map((it) => `${it?.stage} ${it?.isBeatLate} ${it?.isBeatOverdue}`).join(', ');

  test('late, overdue and the next deadline are what asking every node gives; nothing changes before that deadline, and something does at it', () => {
    fc.assert(
      fc.property(fc.array(timed, { maxLength: 80 }), (steps) => {
        const set = new DetectorSet(config);
        const known = new Map<string, { seq: number; sentMonoMs: number }>();
        let nowMs = 0;
        for (const { step: it, gapMs } of steps) {
          nowMs += gapMs;
          play(set, known, it, nowMs);
          const expectedMs = Math.min(...nodeIds.map((id) => set.deadlineMs(id, nowMs) ?? Infinity));
          expect(set.nextDeadlineMs(nowMs) ?? Infinity).toBe(expectedMs);
          expect(set.late(nowMs).toSorted()).toEqual(nodeIds.filter((id) => set.reading(id, nowMs)?.isBeatLate));
          expect(set.overdue(nowMs).toSorted()).toEqual(nodeIds.filter((id) => set.reading(id, nowMs)?.isBeatOverdue));
          if (expectedMs === Infinity) continue;
          expect(expectedMs).toBeGreaterThan(nowMs);
          expect(shape(set, Math.max(nowMs, expectedMs - 1e-3))).toBe(shape(set, nowMs));
          expect(shape(set, expectedMs)).not.toBe(shape(set, nowMs));
        }
      }),
      { numRuns: 400 },
    );
  });

  test('every number is finite and in its range, and stages follow one another: late, overdue, silent', () => {
    fc.assert(
      fc.property(fc.array(timed, { maxLength: 60 }), (steps) => {
        const set = new DetectorSet(config);
        const known = new Map<string, { seq: number; sentMonoMs: number }>();
        let nowMs = 0;
        for (const { step: it, gapMs } of steps) play(set, known, it, (nowMs += gapMs));
        for (const id of nodeIds.filter((candidate) => set.has(candidate))) {
          const { lateAfterMs, suspectAfterMs, silentAfterMs, ...rest } = set.rhythm(id)!;
          expect([lateAfterMs > 0, suspectAfterMs > lateAfterMs, silentAfterMs > suspectAfterMs]).toEqual([true, true, true]);
          const { phi, silenceMs, irregularity } = set.reading(id, nowMs)!;
          for (const value of [...Object.values(rest), phi, silenceMs, irregularity]) expect(value >= 0 && value < Infinity).toBe(true);
          expect(set.reading(id, nowMs + 1e6)?.stage).toBe('silent');
        }
      }),
      { numRuns: 300 },
    );
  });

  function play(set: DetectorSet, known: Map<string, { seq: number; sentMonoMs: number }>, it: Step, nowMs: number): void {
    switch (it.kind) {
      case 'watch':
        known.delete(it.nodeId);
        set.watch(it.nodeId, { intervalMs: it.intervalMs, nowMs });
        break;
      case 'forget':
        set.forget(it.nodeId);
        break;
      case 'answered':
        set.answered(it.nodeId, nowMs);
        break;
      case 'beat': {
        const { seq, sentMonoMs } = known.get(it.nodeId) ?? { seq: 0, sentMonoMs: 0 };
        const next = { seq: seq + it.skip, sentMonoMs: Math.max(0, sentMonoMs + it.sentGapMs) };
        known.set(it.nodeId, next);
        set.heartbeat(it.nodeId, { ...next, intervalMs: it.intervalMs }, it.arrived, nowMs, it.partition);
        break;
      }
      case 'excuse':
        set.excuse(nowMs, it.unobservedMs, 3000, it.partition);
        break;
      case 'look':
        set.nextDeadlineMs(nowMs);
    }
  }
});

test('a thousand nodes and more have each their own numbers', () => {
  const set = new DetectorSet(config);
  const ids = Array.from({ length: 3000 }, (_, count) => `node-${count}`);
  for (const [position, id] of ids.entries()) set.watch(id, { intervalMs: 1000 + position, nowMs: position });
  expect(ids.every((id, position) => set.rhythm(id)?.intervalMs === 1000 + position && set.reading(id, 3000)?.silenceMs === 3000 - position)).toBe(true);
  expect(set.late(5000).length).toBe(ids.filter((id) => set.reading(id, 5000)?.isBeatLate).length);
  expect(set.size).toBe(3000);
});

test('how much longer than usual the last beat was under way is told, and that of a node watched anew is not known', () => {
  const set = steady({ a: 0 });
  expect(set.underwayMs('a')).toBe(0);
  set.heartbeat('a', timing(201, 201_000), 1, 201_000 + 1700);
  expect(set.underwayMs('a')).toBe(1700);
  set.heartbeat('a', timing(202, 202_000), 1, 202_000 + 40);
  expect(set.underwayMs('a')).toBe(40);
  set.watch('a', { intervalMs: INTERVAL_MS, nowMs: 203_000 });
  expect(set.underwayMs('a')).toBe(0);
  expect(set.underwayMs('nobody')).toBe(0);
});
