import { type Beat, BEAT_FORMAT, encodeBeat } from '@muster/contracts';
import { beat } from '../../testing/beats.js';
import { BeatIntake } from './beat-intake.js';

/** An intake that notes what it hands on, and knows incarnation 7 of `node-1`. */
function intake(options: { size?: number } = {}) {
  const heard: { beat: Beat; count: number; lane: string; partition: number | null }[] = [];
  const canaries: number[] = [];
  const refused: string[] = [];
  const known = new Map([['node-1', 7], ['self', 7]]);
  const it = new BeatIntake({
    nodeId: 'self',
    membersMax: 10,
    canary: { back: (partition) => void canaries.push(partition) },
    detection: {
      isNews: ({ nodeId, incarnation }) => incarnation >= (known.get(nodeId) ?? 0),
      heard(beats, lane, partition) {
        for (const { beat: newest, count } of beats) {
          if (newest.incarnation < (known.get(newest.nodeId) ?? 0)) continue;
          known.set(newest.nodeId, newest.incarnation);
          heard.push({ beat: newest, count, lane, partition });
        }
      },
      incarnation: (nodeId) => known.get(nodeId) ?? null,
      size: options.size ?? 1,
    },
    metrics: { beatsReceived: () => undefined, beatRefused: (lane, reason) => void refused.push(`${lane} ${reason}`) },
  });
  return { it, heard, refused, canaries };
}

test('of a batch the newest beat of each node is handed on, with the number that came', () => {
  const { it, heard } = intake();
  const beats = [beat({ seq: 4 }), beat({ seq: 6 }), beat({ seq: 5 }), beat({ nodeId: 'node-2', seq: 1 })];
  expect(it.fromBus(beats.map(encodeBeat), 4).size).toBe(0);
  expect(heard.map((x) => [x.beat.nodeId, x.beat.seq, x.count, x.lane, x.partition])).toEqual([['node-1', 6, 3, 'bus', 4], ['node-2', 1, 1, 'bus', 4]]);
});

test('a newer incarnation in the batch outdoes the older one, however high its sequence', () => {
  const { it, heard } = intake();
  it.fromBus([beat({ seq: 900 }), beat({ incarnation: 8, seq: 1 }), beat({ seq: 901 })].map(encodeBeat), 0);
  expect(heard.map((x) => [x.beat.incarnation, x.count])).toEqual([[8, 1]]);
});

test('what cannot be read is named by its place with the reason, and does not hold up the rest', () => {
  const { it, heard, refused } = intake();
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const bad = it.fromBus([text('{'), encodeBeat(beat({ seq: 2 })), text(JSON.stringify({ ...beat(), v: 2 })), null, text('x'.repeat(BEAT_FORMAT.bytesMax + 1)), text(JSON.stringify({ ...beat(), seq: -1 }))], 0);
  expect([...bad.keys()]).toEqual([0, 2, 3, 4, 5]);
  expect(bad.get(0)).toContain('not JSON');
  expect(bad.get(2)).toContain('version 2');
  expect(bad.get(4)).toContain('at most');
  expect(bad.get(5)).toContain('seq');
  expect(refused).toEqual(['bus malformed', 'bus unknown-version', 'bus malformed', 'bus too-large', 'bus malformed']);
  expect(heard).toHaveLength(1);
});

test('each posted beat has its own result, and who is behind learns the incarnation to go beyond', () => {
  const { it } = intake();
  const results = it.fromHttp([beat({ nodeId: 'node-2', incarnation: 3 }), { nonsense: true }, beat({ incarnation: 6 })]);
  expect(results).toEqual([
    { nodeId: 'node-2', outcome: 'accepted', knownIncarnation: 3 },
    { nodeId: null, outcome: 'rejected', knownIncarnation: null, reason: expect.stringContaining('beat: ') },
    { nodeId: 'node-1', outcome: 'stale', knownIncarnation: 7 },
  ]);
});

test('beats of nodes beyond the limit are refused with the remedy; known ones are still taken', () => {
  const { it, refused } = intake({ size: 10 });
  const [known, unknown] = it.fromHttp([beat({ seq: 2 }), beat({ nodeId: 'node-11' })]);
  expect(known?.outcome).toBe('accepted');
  expect(unknown).toMatchObject({ outcome: 'rejected', reason: expect.stringContaining('raise coordinator.membersMax') });
  expect(refused).toEqual(['http members-max']);
});

test('a batch of nodes that are new is taken up to the limit and no further', () => {
  const { it, heard, refused } = intake({ size: 8 });
  it.fromBus(['a', 'b', 'c', 'd'].map((nodeId) => encodeBeat(beat({ nodeId }))), 0);
  expect(heard.map((x) => x.beat.nodeId)).toEqual(['a', 'b']);
  expect(refused).toEqual(['bus members-max', 'bus members-max']);
});

test('a beat over a direct lane is taken at once and answered', () => {
  const { it, heard } = intake();
  expect(it.fromLane(beat({ nodeId: 'node-2' }))).toEqual({ nodeId: 'node-2', outcome: 'accepted', knownIncarnation: 7 });
  expect(it.fromLane(beat({ incarnation: 6 }))).toEqual({ nodeId: 'node-1', outcome: 'stale', knownIncarnation: 7 });
  expect(heard.map((x) => [x.beat.nodeId, x.lane, x.partition])).toEqual([['node-2', 'direct', null]]);
});

test('our own beat that comes back is the canary of its partition, unless it is of our last life; that it is old is no fault', () => {
  const { it, canaries, refused } = intake();
  it.fromBus([encodeBeat(beat({ nodeId: 'self', incarnation: 6 }))], 3);
  it.fromBus([encodeBeat(beat({ nodeId: 'node-1' }))], 4);
  it.fromBus([encodeBeat(beat({ nodeId: 'self' })), encodeBeat(beat({ nodeId: 'node-1' }))], 5);
  expect(canaries).toEqual([5]);
  expect(refused).toEqual([]);
});
