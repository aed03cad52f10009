import type { ProbeResult } from '@muster/contracts';
import { sight } from '../testing/fixtures.js';
import { type Evidence, judge } from './judge.js';
import type { Sight } from './sight.js';
import { Trouble } from './trouble.js';

const NOW = 100_000;
const rules = { failureTimeoutMs: 15_000, hungTimeoutMs: 60_000 };
const late = { stage: 'late', isBeatLate: true, silenceMs: 1400 } as const;
const overdue = { stage: 'overdue', isBeatLate: true, silenceMs: 3100, phi: 8.2 } as const;
const silent = { stage: 'silent', isBeatLate: true, silenceMs: 12_000, phi: 300 } as const;

interface Case extends Partial<Omit<Evidence, 'sight' | 'trouble'>> {
  readonly name: string;
  readonly sight: Partial<Sight>;
  /** `who result` for each probe that came back, oldest first. */
  readonly probes?: readonly string[];
  readonly isLaneClosed?: boolean;
  /** Class, with `!` when it is given up and not only suspected. */
  readonly expected: string;
}

const suspected = { suspectedAtMs: NOW - 1000 };
const twiceSilent = ['self silent', 'self silent'];

const cases: readonly Case[] = [
  { name: 'beats arrive', sight: {}, expected: 'well' },
  { name: 'a late beat alone', sight: late, expected: 'well' },
  // crashed
  { name: 'its lane was closed and two are refused', sight: {}, isLaneClosed: true, probes: ['self refused', 'b refused'], expected: 'crashed' },
  { name: 'its lane was closed and one is refused once', sight: late, isLaneClosed: true, probes: ['self refused'], expected: 'well' },
  { name: 'its lane was closed, one is refused twice, and its beat is not due yet', sight: {}, isLaneClosed: true, probes: ['self refused', 'self refused'], expected: 'well' },
  { name: 'its lane was closed, one is refused twice, and its beat is late', sight: late, isLaneClosed: true, probes: ['self refused', 'self refused'], isHeardThere: false, expected: 'crashed' },
  { name: 'a late one refuses one twice', sight: late, probes: ['self refused', 'self refused'], expected: 'crashed' },
  { name: 'a late one refuses one twice where we do not hear', sight: late, probes: ['self refused', 'self refused'], isHeardThere: false, expected: 'well' },
  { name: 'a late one refuses, then is silent, then refuses', sight: late, probes: ['self refused', 'self silent', 'self refused'], expected: 'well' },
  { name: 'a late one refuses two', sight: late, probes: ['self refused', 'b refused'], expected: 'crashed' },
  { name: 'a late one refuses us and a member that is suspected itself', sight: late, probes: ['self refused', 'b refused'], isTrusted: () => false, expected: 'well' },
  { name: 'beats arrive although probes are refused', sight: {}, probes: ['self refused', 'self refused', 'b refused'], expected: 'well' },
  { name: 'ports that never answered refuse', sight: late, isProbeable: false, probes: ['self refused', 'self refused', 'b refused'], expected: 'well' },
  { name: 'ports that never answered refuse past the deadline', sight: overdue, isProbeable: false, probes: ['self refused', 'self refused'], expected: 'crashed' },
  // stalled
  { name: 'a late one accepts and does not answer', sight: late, probes: ['self accepted'], expected: 'stalled' },
  { name: 'a late one that did not beat in our life accepts and does not answer', sight: late, isHeardOf: false, probes: ['self accepted', 'self accepted', 'b accepted'], expected: 'well' },
  { name: 'one that did not beat in our life accepts past the deadline', sight: overdue, isHeardOf: false, probes: ['self accepted'], expected: 'stalled' },
  { name: 'a late one accepts where we do not hear', sight: late, probes: ['self accepted'], isHeardThere: false, expected: 'unsure blind' },
  { name: 'one that accepts is silent past the long limit', sight: { ...silent, silenceMs: 14_900 }, ...suspected, probes: ['self accepted'], expected: 'stalled' },
  { name: 'one that accepts is silent past failure.timeoutMs', sight: { ...silent, silenceMs: 15_000 }, ...suspected, probes: ['self accepted'], expected: 'stalled!' },
  { name: 'one that accepts where others are not answered', sight: overdue, ...suspected, probes: [...twiceSilent, 'b silent', 'c accepted'], expected: 'stalled' },
  { name: 'it says that its main loop stands still', sight: {}, mainLagMs: 900, expected: 'stalled' },
  { name: 'it says so where we do not hear much', sight: {}, mainLagMs: 900, isHeardThere: false, expected: 'stalled' },
  { name: 'its main loop stands still for a minute', sight: {}, mainLagMs: 60_000, expected: 'stalled!' },
  { name: 'its main loop stood still before it fell silent', sight: overdue, ...suspected, mainLagMs: 5000, probes: [...twiceSilent, 'b silent'], expected: 'silent!' },
  // unreachable
  { name: 'it is overdue', sight: overdue, expected: 'silent' },
  { name: 'it is overdue where we do not hear', sight: overdue, isHeardThere: false, expected: 'unsure blind' },
  { name: 'a suspect is silent to us twice and to another', sight: overdue, ...suspected, probes: [...twiceSilent, 'b silent'], expected: 'silent!' },
  { name: 'the suspicion is younger than the confirming time', sight: overdue, suspectedAtMs: NOW - 749, probes: [...twiceSilent, 'b silent'], expected: 'silent' },
  { name: 'a suspect is silent to us once and to another', sight: overdue, ...suspected, probes: ['self silent', 'b silent'], expected: 'silent' },
  { name: 'a suspect is silent to us, and nobody else looked', sight: overdue, ...suspected, probes: twiceSilent, expected: 'silent' },
  { name: 'a suspect is silent to us, and to one who is suspected itself', sight: overdue, ...suspected, probes: [...twiceSilent, 'b silent'], isTrusted: () => false, expected: 'silent' },
  { name: 'a suspect is silent to us and refuses others as often as not', sight: overdue, ...suspected, probes: [...twiceSilent, 'b silent', 'c refused'], expected: 'silent' },
  { name: 'a suspect is silent to us and to one, and accepted by another that is late itself', sight: overdue, ...suspected, probes: [...twiceSilent, 'b silent', 'c accepted'], isTrusted: (by) => by === 'b', expected: 'stalled' },
  { name: 'a suspect is silent to us and to one, while most who looked are late themselves', sight: overdue, ...suspected, probes: [...twiceSilent, 'b silent', 'c silent', 'd silent'], isTrusted: (by) => by === 'b', expected: 'silent' },
  { name: 'a suspect is silent to us twice and to two, and one who was asked did not answer', sight: overdue, ...suspected, probes: [...twiceSilent, 'b silent', 'c silent'], countUnanswered: () => 1, expected: 'silent!' },
  { name: 'a suspect is silent to us twice and to one, and as many who were asked did not answer', sight: overdue, ...suspected, probes: [...twiceSilent, 'b silent'], countUnanswered: () => 1, expected: 'silent' },
  { name: 'a suspect is silent for long, and most who were asked did not answer', sight: silent, ...suspected, probes: [...twiceSilent, 'b silent'], countUnanswered: () => 3, expected: 'silent!' },
  { name: 'a suspect is silent to us twice and to another, and answers may still come', sight: overdue, ...suspected, probes: [...twiceSilent, 'b silent'], awaitedUntilMs: NOW + 1, expected: 'silent' },
  { name: 'a suspect is silent for long, and answers may still come', sight: silent, ...suspected, probes: twiceSilent, awaitedUntilMs: NOW + 500, expected: 'silent' },
  { name: 'a suspect is silent until failure.timeoutMs, and answers may still come after it', sight: { ...silent, silenceMs: 14_500 }, ...suspected, probes: twiceSilent, awaitedUntilMs: NOW + 500, expected: 'silent!' },
  { name: 'a suspect is silent to us twice and to another, and answers did not come in time', sight: overdue, ...suspected, probes: [...twiceSilent, 'b silent'], awaitedUntilMs: NOW, expected: 'silent!' },
  { name: 'a suspect is silent for long, and to us', sight: silent, ...suspected, probes: ['self silent'], expected: 'silent!' },
  { name: 'a suspect is silent for long, and our own probes are not back', sight: silent, ...suspected, probes: ['b silent', 'c silent'], expected: 'silent' },
  { name: 'a suspect that has no address is silent for long', sight: { ...silent, profile: { ...sight().profile, httpUrl: null, probeUrl: null } }, ...suspected, expected: 'silent!' },
  { name: 'one is silent for long before it was suspected', sight: silent, probes: twiceSilent, expected: 'silent' },
];

test.each(cases)('$name: $expected', ({ sight: seen, probes = [], isLaneClosed = false, expected, ...more }) => {
  const trouble = new Trouble(5, NOW - 5000);
  if (isLaneClosed) trouble.laneClosedAtMs = NOW - 100;
  for (const [at, probe] of probes.entries()) {
    const [by = '', result] = probe.split(' ');
    trouble.note({ by, result: result as ProbeResult, atMs: NOW - 500 + at, mainLagMs: 0 });
  }
  const evidence: Evidence = { ownId: 'self', sight: sight(seen), trouble, isHeardThere: true, doubt: 'we do not hear', mainLagMs: 0, isHeardOf: true, isProbeable: true, suspectedAtMs: Infinity, confirmMs: 750, awaitedUntilMs: -Infinity, countUnanswered: () => 0, isTrusted: () => true, ...more };
  const finding = judge(evidence, rules, NOW);
  const isGivenUp = (finding.kind === 'stalled' || finding.kind === 'silent') && finding.withheld === null;
  expect(`${finding.kind}${finding.kind === 'unsure' ? ` ${finding.withheld.cause}` : ''}${isGivenUp ? '!' : ''}`).toBe(expected);
});

test('what others saw long ago is no opinion about now', () => {
  const trouble = new Trouble(5, 0);
  for (const by of ['self', 'self', 'b']) trouble.note({ by, result: 'silent', atMs: NOW - 5001, mainLagMs: 0 });
  const evidence: Evidence = { ownId: 'self', sight: sight(overdue), trouble, isHeardThere: true, doubt: '', mainLagMs: 0, isHeardOf: true, isProbeable: true, ...suspected, confirmMs: 750, awaitedUntilMs: -Infinity, countUnanswered: () => 0, isTrusted: () => true };
  expect(judge(evidence, rules, NOW)).toMatchObject({ withheld: { detail: 'nobody else has looked: waiting for the long limit' } });
});

test('a verdict says in words what it rests on', () => {
  const trouble = new Trouble(5, 0);
  trouble.laneClosedAtMs = NOW - 50;
  for (const by of ['self', 'b']) trouble.note({ by, result: 'refused', atMs: NOW, mainLagMs: 0 });
  const evidence: Evidence = { ownId: 'self', sight: sight({ silenceMs: 300 }), trouble, isHeardThere: true, doubt: '', mainLagMs: 0, isHeardOf: true, isProbeable: true, suspectedAtMs: Infinity, confirmMs: 750, awaitedUntilMs: -Infinity, countUnanswered: () => 0, isTrusted: () => true };
  expect(judge(evidence, rules, NOW)).toEqual({ kind: 'crashed', observers: ['self', 'b'], reason: 'process is gone: its lane was closed, connection refused, as self, b saw, no heartbeat for 0.3 s (phi 0.0)' });
});
