import { detectorConfig } from '@muster/failure-detector';
import { SCORE_DEFAULTS } from '@muster/health-score';
import { beatOf, T0 } from '../testing/fixtures.js';
import type { Seen } from './seen.js';
import { Sightings } from './sightings.js';

/** Node `n1` after those beats, `1` came and `.` was lost, and so many looks in vain; it answered a probe before. */
function seen(beats: string, looks: number): { readonly sightings: Sightings; readonly node: Seen; readonly nowMs: number } {
  const sightings = new Sightings({ detector: detectorConfig({ phiThreshold: 8, failureTimeoutMs: 15_000 }), score: SCORE_DEFAULTS, intervalMs: 1000 });
  let nowMs = 0;
  for (const [at, beat] of beats.split('').entries()) {
    nowMs = (at + 1) * 1000;
    if (beat === '1') sightings.heard({ beat: beatOf({ nodeId: 'n1', seq: at + 1, sentMonoMs: nowMs }), count: 1 }, 0, { ms: nowMs, unixMs: T0 + nowMs });
  }
  const node = sightings.get('n1');
  if (node === undefined) throw new Error('n1 was not seen');
  node.isProbeable = true;
  for (let look = 0; look < looks; look++) sightings.looked(node, { isAnswered: false, isAnotherTime: look % 3 === 0 }, nowMs);
  return { sightings, node, nowMs };
}

test.each([
  ['no beat was lost', '1111111111', 12, false],
  ['one outage, and few looks', '111111...1', 11, false],
  ['one outage, and many looks on several occasions', '111111...1', 12, true],
  ['two outages, and few looks', '11111.11.1', 9, true],
  ['two outages, and hardly any looks', '11111.11.1', 8, false],
  ['one outage and another that lasts, and few looks', '111111.1..', 9, true],
  ['one outage, and a beat that is not late yet', '111111.1.', 9, false],
  ['one outage that lasts, and few looks', '111111....', 11, false],
])('its ways are worn: %s', (_, beats, looks, expected) => {
  const { sightings, node, nowMs } = seen(beats, looks);
  expect(sightings.isWorn(node, nowMs)).toBe(expected);
});

test('who never answered a probe may stand behind a firewall: looks in vain say nothing', () => {
  const { sightings, node, nowMs } = seen('1111..1..1', 12);
  node.isProbeable = false;
  expect(sightings.isWorn(node, nowMs)).toBe(false);
});

test('beats in a row are luck while hardly a look gets through, unless a firewall stands between', () => {
  const { sightings, node, nowMs } = seen('1111111111', 9);
  expect(sightings.isOwing(node, nowMs)).toBe(true);
  expect(sightings.isOwing(node, nowMs + 10_001)).toBe(false);
  sightings.looked(node, { isAnswered: true, isAnotherTime: true }, nowMs);
  sightings.looked(node, { isAnswered: true, isAnotherTime: false }, nowMs);
  sightings.looked(node, { isAnswered: true, isAnotherTime: false }, nowMs);
  expect(sightings.isOwing(node, nowMs)).toBe(false);
  const { sightings: behind, node: walled } = seen('1111111111', 9);
  walled.isProbeable = false;
  expect(behind.isOwing(walled, nowMs)).toBe(false);
});

test('a debt is over a minute after the last silence past its deadline, and never while we do not look', () => {
  const { sightings, node, nowMs } = seen(`1${'.'.repeat(20)}${'1111.'.repeat(12)}`, 0);
  expect(node.owed).toBe(30);
  expect(sightings.isOwing(node, nowMs)).toBe(true);
  expect(node.troubledAtMs).toBe(22_000);
  expect(sightings.isDebtOver(node, 81_999)).toBe(false);
  expect(sightings.isDebtOver(node, 82_000)).toBe(true);
  sightings.excuse(82_000, 5000, 3000);
  expect(sightings.isDebtOver(node, 86_999)).toBe(false);
  expect(sightings.isDebtOver(node, 87_000)).toBe(true);
});

test('who is suspected while its ways are worn owes twelve beats in a row', () => {
  const { sightings, node, nowMs } = seen('11111.11.1', 12);
  const record = { v: 1, nodeId: 'n1', incarnation: 1, status: 'SUSPECT', reason: 'test', ...node.profile, marks: [], changedAtUnixMs: T0, index: 1, term: 1 } as const;
  sightings.agreed({ ...record, marks: [] }, 'HEALTHY', nowMs);
  expect(node.owed).toBe(12);
});
