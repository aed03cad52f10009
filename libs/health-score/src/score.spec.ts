import type { Vitals } from '@muster/contracts';
import fc from 'fast-check';
import { SCORE_DEFAULTS } from './config.js';
import { namedTerms, type Rhythm, scoreOf, termValues } from './score.js';

const idle: Vitals = { cpuProcess: 0.05, cpuHost: 0.2, memory: 0.3, eventLoopDelayMs: 12, errorRate: 0, checks: [] };
const steady: Rhythm = { suspicion: 0, irregularity: 0.02 };
const ok = { name: 'db', ok: true };
const broken = { name: 'db', ok: false, detail: 'connection refused' };

const cases: ReadonlyArray<{ name: string; vitals?: Partial<Vitals>; mainLagMs?: number; rhythm?: Partial<Rhythm>; score: number }> = [
  { name: 'idle', score: 100 },
  { name: 'with its host busy to the last core', vitals: { cpuHost: 1 }, score: 85 },
  { name: 'with its own CPU limit used up', vitals: { cpuProcess: 1 }, score: 85 },
  { name: 'with the host three quarters busy', vitals: { cpuHost: 0.75 }, score: 90.4 },
  { name: 'with one core of two busy beside its own work', vitals: { cpuHost: 0.58 }, score: 94 },
  { name: 'at its memory limit', vitals: { memory: 1 }, score: 85 },
  { name: 'with a loop that is half a second late', vitals: { eventLoopDelayMs: 500 }, score: 85 },
  { name: 'with one failed operation in ten', vitals: { errorRate: 0.1 }, score: 69.4 },
  { name: 'with a failed check among two', vitals: { checks: [ok, broken] }, score: 69.4 },
  { name: 'with a failed check among ten', vitals: { checks: [...Array.from({ length: 9 }, () => ok), broken] }, score: 69.4 },
  { name: 'with its only check failed', vitals: { checks: [broken] }, score: 42.5 },
  { name: 'with passing checks', vitals: { checks: [ok, ok] }, score: 100 },
  { name: 'with a main loop that stood still as long as a collection takes', mainLagMs: 250, score: 100 },
  { name: 'with a main loop that has not moved for half a second', mainLagMs: 475, score: 69.4 },
  { name: 'with a main loop that stands still', mainLagMs: 700, score: 42.5 },
  { name: 'with a main loop that stands still and was late before', mainLagMs: 5000, vitals: { eventLoopDelayMs: 500 }, score: 42.5 },
  { name: 'silent up to the threshold of phi', rhythm: { suspicion: 1 }, score: 37.5 },
  { name: 'whose heart is irregular by a quarter', rhythm: { irregularity: 0.25 }, score: 100 },
  { name: 'whose heart is irregular by five eighths', rhythm: { irregularity: 0.625 }, score: 65.6 },
  { name: 'with readings that are no numbers', vitals: { cpuHost: NaN, memory: NaN }, score: 70 },
];
test.each(cases)('a member $name scores $score', ({ vitals, rhythm, mainLagMs = 0, score }) => {
  expect(scoreOf(SCORE_DEFAULTS, termValues(SCORE_DEFAULTS, { ...steady, ...rhythm }, { vitals: { ...idle, ...vitals }, mainLagMs }))).toBe(score);
});

test('the weights sum to one, and every term has its name', () => {
  const terms = namedTerms(SCORE_DEFAULTS, termValues(SCORE_DEFAULTS, steady, { vitals: idle, mainLagMs: 0 }));
  expect(terms.map((term) => term.name)).toEqual(['heartbeat', 'cpu', 'memory', 'eventLoop', 'errors', 'checks']);
  expect(terms.reduce((sum, term) => sum + term.weight, 0)).toBeCloseTo(1, 12);
});

const ratio = fc.double({ min: 0, max: 1, noNaN: true });
const vitalsArbitrary = fc.record({ cpuProcess: ratio, cpuHost: ratio, memory: ratio, eventLoopDelayMs: fc.double({ min: 0, max: 1e5, noNaN: true }), errorRate: ratio, checks: fc.array(fc.record({ name: fc.constant('c'), ok: fc.boolean() }), { maxLength: 5 }) });
const rhythmArbitrary = fc.record({ suspicion: fc.double({ min: 0, max: 40, noNaN: true }), irregularity: fc.double({ min: 0, max: 10, noNaN: true }) });

const lagMs = fc.integer({ min: 0, max: 2000 });

test('what a loop that stands still takes away is shown in the term of the event loop', () => {
  const terms = namedTerms(SCORE_DEFAULTS, termValues(SCORE_DEFAULTS, steady, { vitals: idle, mainLagMs: 475 }));
  expect(terms.find((term) => term.name === 'eventLoop')?.value).toBe(0.5);
});

test('every score lies in 0..100, and a reading that gets worse never raises it', () => {
  fc.assert(
    fc.property(vitalsArbitrary, rhythmArbitrary, lagMs, fc.constantFrom('cpuHost' as const, 'memory' as const, 'eventLoopDelayMs' as const, 'errorRate' as const), ratio, lagMs, (vitals, rhythm, mainLagMs, dimension, more, moreLagMs) => {
      const score = scoreOf(SCORE_DEFAULTS, termValues(SCORE_DEFAULTS, rhythm, { vitals, mainLagMs }));
      const worse = scoreOf(SCORE_DEFAULTS, termValues(SCORE_DEFAULTS, rhythm, { vitals: { ...vitals, [dimension]: vitals[dimension] + more }, mainLagMs: mainLagMs + moreLagMs }));
      return score >= 0 && score <= 100 && worse <= score;
    }),
  );
});
