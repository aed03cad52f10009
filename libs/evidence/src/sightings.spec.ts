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
])('its ways are worn: %s', (_, beats, looks, expected) => {
  const { sightings, node, nowMs } = seen(beats, looks);
  expect(sightings.isWorn(node, nowMs)).toBe(expected);
});

test('who never answered a probe may stand behind a firewall: looks in vain say nothing', () => {
  const { sightings, node, nowMs } = seen('1111..1..1', 12);
  node.isProbeable = false;
  expect(sightings.isWorn(node, nowMs)).toBe(false);
});

test('who is suspected while its ways are worn owes twelve beats in a row', () => {
  const { sightings, node, nowMs } = seen('11111.11.1', 12);
  const record = { v: 1, nodeId: 'n1', incarnation: 1, status: 'SUSPECT', reason: 'test', ...node.profile, marks: [], changedAtUnixMs: T0, index: 1, term: 1 } as const;
  sightings.agreed({ ...record, marks: [] }, 'HEALTHY', nowMs);
  expect(node.owed).toBe(12);
});
