/** Commands of every kind about few nodes, in any order, for property tests: most are refused, which is the point. */
import fc from 'fast-check';
import type { Command, SingleCommand } from '../src/command.js';
import { brake, command, joinFrom, many, order, release, rules, T0 } from './fixtures.js';

export const NODE_IDS = ['a', 'b', 'c'] as const;

const about = {
  nodeId: fc.constantFrom(...NODE_IDS),
  incarnation: fc.integer({ min: 1, max: 3 }),
  seq: fc.integer({ min: 0, max: 6 }),
  // Near each other, so that penalties and holds matter; now and then a day later, or before.
  atUnixMs: fc.oneof({ arbitrary: fc.integer({ min: T0, max: T0 + 600_000 }), weight: 9 }, { arbitrary: fc.integer({ min: T0, max: T0 + 2 * rules.reapAfterMs }), weight: 1 }),
};
const aboutMember = fc
  .record({
    ...about,
    kind: fc.constantFrom('join', 'describe', 'admit', 'grade', 'suspect', 'clear', 'down', 'leave', 'left', 'reap'),
    to: fc.constantFrom('HEALTHY', 'DEGRADED'),
    cause: fc.constantFrom('silence', 'stalled'),
    failure: fc.constantFrom('crashed', 'unreachable', 'hung', 'evicted'),
    zone: fc.constantFrom('east', 'west'),
  })
  .map(({ kind, zone, ...it }) => (kind === 'join' ? joinFrom(zone, it) : command(kind, it)));
const byOperator = fc
  .record({ nodeId: about.nodeId, atUnixMs: about.atUnixMs, incarnation: fc.option(about.incarnation, { nil: undefined }), kind: fc.constantFrom('cordon', 'uncordon', 'drain', 'evict') })
  .map(({ kind, ...it }) => order(kind, it));
const zone = fc.constantFrom(null, 'east', 'west');
const ofBrake = fc
  .record({ zone, nodeIds: fc.subarray([...NODE_IDS, 'stranger']), atUnixMs: about.atUnixMs, holdMs: fc.constantFrom(60_000, 6000) })
  .map(({ nodeIds, ...it }) => brake(nodeIds, it));
const ofRelease = fc.record({ zone, atUnixMs: about.atUnixMs }).map((it) => release(it));
const ofRules = fc.record({ atUnixMs: about.atUnixMs, joiningBeats: fc.integer({ min: 1, max: 5 }) }).map(
  ({ atUnixMs, joiningBeats }): SingleCommand => ({ kind: 'rules', term: 1, atUnixMs, reason: 'settings', rules: { ...rules, joiningBeats, historyMax: 8, outboxMax: 20 } }),
);

export const singleCommand: fc.Arbitrary<SingleCommand> = fc.oneof(
  { arbitrary: aboutMember, weight: 14 },
  { arbitrary: byOperator, weight: 3 },
  { arbitrary: ofBrake, weight: 2 },
  { arbitrary: ofRelease, weight: 1 },
  { arbitrary: ofRules, weight: 1 },
);
const published = fc.nat(60).map((upToIndex): Command => ({ kind: 'published', term: 1, upToIndex }));

export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { arbitrary: singleCommand, weight: 8 },
  { arbitrary: fc.array(singleCommand, { minLength: 1, maxLength: 6 }).map((commands) => many(...commands)), weight: 2 },
  { arbitrary: published, weight: 1 },
);
export const script = fc.array(anyCommand, { maxLength: 60 });
