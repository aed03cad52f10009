import type { Beat, BeatResult } from '@muster/contracts';
import { until } from '@muster/testing';
import { sampleBeat } from '../../testing/sample-beat.js';
import { BeatDesk } from './beat-desk.js';
import { LaneNote } from './lane-note.js';
import type { FromEngine, MainFacts } from './messages.js';
import { monoMs } from './mono-clock.js';

const facts: MainFacts = { httpUrl: 'http://127.0.0.1:1', vitals: { eventLoopDelayMs: 3, errorRate: 0.5, checks: [] } };
const accepted: BeatResult = { nodeId: 'node-1', outcome: 'accepted', knownIncarnation: 1 };
const beat = (seq: number, more: Partial<Beat> = {}): Beat => ({ ...sampleBeat, seq, sentMonoMs: monoMs(), ...more });

function deskWith({ isOpen = true, lastHeardMs = monoMs(), intervalMs = 60_000 } = {}) {
  const [carried, posted, lanes, counts] = [[] as Beat[], [] as FromEngine[], [] as string[], { sent: 0, failed: 0 }];
  const note = new LaneNote({ log: () => {}, onChange: (lane) => void lanes.push(lane) });
  const direct = { isOpen, fault: 'refused', lastHeardMs, send: (one: Beat) => void carried.push(one) };
  const desk = new BeatDesk({ lanes: direct, post: (message) => void posted.push(message), note, intervalMs, onSent: () => counts.sent++, onFailed: () => counts.failed++ });
  open.push(desk);
  return { desk, carried, posted, lanes, counts };
}
const open: BeatDesk[] = [];
afterEach(() => {
  for (const desk of open.splice(0)) desk.close();
});
const seqs = (beats: readonly Beat[]) => beats.map(({ seq }) => seq);

test('a beat that the bus took stays off the direct lane', () => {
  const { desk, carried, posted, lanes } = deskWith();
  desk.hand(beat(1), 0);
  desk.confirmed(1, null, facts);
  expect(posted).toMatchObject([{ kind: 'draft', beat: { seq: 1 } }]);
  expect([carried, lanes]).toEqual([[], ['bus']]);
});

test('a beat that the bus did not take goes by the direct lane, with what the main thread knew', () => {
  const { desk, carried, lanes, counts } = deskWith();
  desk.hand(beat(1), 0);
  desk.confirmed(1, 'BUS_DOWN', facts);
  expect(carried).toMatchObject([{ seq: 1, httpUrl: 'http://127.0.0.1:1', vitals: { errorRate: 0.5, eventLoopDelayMs: 3 } }]);
  expect(lanes).toEqual([]);
  desk.heard(carried[0] as Beat, accepted);
  expect([lanes, counts]).toEqual([['direct'], { sent: 1, failed: 0 }]);
});

test('a beat that is not confirmed in time goes by the direct lane, and a bus that took it late is no news', async () => {
  const { desk, carried, lanes } = deskWith({ intervalMs: 20 });
  const late = beat(1);
  desk.hand(late, 0);
  await until('it is carried', () => carried.length === 1);
  desk.heard(late, accepted);
  desk.confirmed(1, null, facts);
  desk.confirmed(1, 'BUS_DOWN', facts);
  expect([seqs(carried), lanes]).toEqual([[1], ['direct']]);
});

test('a main loop that stands still is not waited for, and at most three beats lie before it', () => {
  const { desk, carried, posted } = deskWith();
  desk.hand(beat(1, { mainLagMs: 5000 }), 0);
  expect([seqs(carried), posted.length]).toEqual([[1], 0]);
  for (const seq of [2, 3, 4, 5, 6]) desk.hand(beat(seq), 0);
  expect([seqs(carried), posted.length]).toEqual([[1, 5, 6], 3]);
});

test('a place before the main loop is free again once it is heard of, however late', () => {
  const { desk, posted } = deskWith();
  for (const seq of [1, 2, 3]) desk.hand(beat(seq), 0);
  for (const seq of [1, 2, 3]) desk.confirmed(seq, 'the main loop came too late', facts);
  desk.hand(beat(4), 0);
  expect(posted).toHaveLength(4);
});

test('an urgent beat takes the direct lane, or the bus while that is closed', () => {
  const { desk, carried, posted } = deskWith();
  desk.handAtOnce(beat(1));
  expect([seqs(carried), posted.length]).toEqual([[1], 0]);
  const closed = deskWith({ isOpen: false });
  closed.desk.handAtOnce(beat(1));
  expect([seqs(closed.carried), closed.posted.length]).toEqual([[], 1]);
});

test('a direct lane that carried nothing for long carries a beat as well, which changes nothing in what is said of the lanes', () => {
  const { desk, carried, lanes } = deskWith({ lastHeardMs: monoMs() - 5001 });
  desk.hand(beat(1), 0);
  desk.confirmed(1, null, facts);
  desk.heard(carried[0] as Beat, accepted);
  expect([seqs(carried), lanes]).toEqual([[1], ['bus']]);
});

test('a beat that no lane takes is counted and told of', () => {
  const { desk, lanes, counts } = deskWith({ isOpen: false });
  desk.hand(beat(1), 0);
  desk.confirmed(1, 'BUS_DOWN', facts);
  expect([lanes, counts]).toEqual([['none'], { sent: 0, failed: 1 }]);
});

test('a beat that a coordinator rejects was not taken', () => {
  const { desk, carried, lanes, counts } = deskWith();
  desk.hand(beat(1), 0);
  desk.confirmed(1, 'BUS_DOWN', facts);
  desk.heard(carried[0] as Beat, { ...accepted, outcome: 'rejected', reason: 'seq' });
  expect([lanes, counts]).toEqual([['none'], { sent: 0, failed: 1 }]);
});

test('a beat that is answered twice was sent once', () => {
  const { desk, carried, counts } = deskWith();
  desk.handAtOnce(beat(1));
  for (let time = 0; time < 2; time++) desk.heard(carried[0] as Beat, accepted);
  expect(counts.sent).toBe(1);
});

test('beats that nobody answers are not remembered without end', () => {
  const { desk, carried, counts } = deskWith();
  for (let seq = 1; seq <= 17; seq++) desk.handAtOnce(beat(seq));
  desk.heard(carried[0] as Beat, accepted);
  expect(counts.sent).toBe(0);
  desk.heard(carried[16] as Beat, accepted);
  expect(counts.sent).toBe(1);
});

test('a late answer to an earlier beat does not change what is said of the lanes', () => {
  const { desk, carried, lanes } = deskWith();
  desk.hand(beat(1, { sentMonoMs: 1000 }), 0);
  desk.confirmed(1, 'BUS_DOWN', facts);
  desk.hand(beat(2, { sentMonoMs: 2000 }), 0);
  desk.confirmed(2, null, facts);
  desk.heard(carried[0] as Beat, accepted);
  expect(lanes).toEqual(['bus']);
});

test('an urgent beat says nothing of the bus: it was not asked', () => {
  const { desk, carried, lanes, counts } = deskWith();
  desk.handAtOnce(beat(1));
  desk.heard(carried[0] as Beat, accepted);
  expect([lanes, counts]).toEqual([[], { sent: 1, failed: 0 }]);
});
