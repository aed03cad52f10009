import type { MemberStatus } from '@muster/contracts';
import { memberIn, profile, sight } from '../testing/fixtures.js';
import { decide, type Sight } from './decide.js';

interface Case {
  readonly name: string;
  readonly status: MemberStatus | null;
  readonly sight: Partial<Sight>;
  readonly expected: string | null;
}

const overdue = { stage: 'overdue', silenceMs: 3100, phi: 8.2 } as const;
const silent = { stage: 'silent', silenceMs: 12_000, phi: 300 } as const;

const cases: readonly Case[] = [
  { name: 'a node that nobody knows beats', status: null, sight: {}, expected: 'join' },
  { name: 'a node that nobody knows says good-bye', status: null, sight: { state: 'left' }, expected: null },
  { name: 'a member beats', status: 'HEALTHY', sight: {}, expected: null },
  { name: 'a member is overdue', status: 'HEALTHY', sight: overdue, expected: 'suspect' },
  { name: 'a degraded member is overdue', status: 'DEGRADED', sight: overdue, expected: 'suspect' },
  { name: 'a joining member is overdue', status: 'JOINING', sight: overdue, expected: 'suspect' },
  { name: 'a member fell silent while we did not look', status: 'HEALTHY', sight: silent, expected: 'suspect' },
  { name: 'a suspect is overdue still', status: 'SUSPECT', sight: overdue, expected: null },
  { name: 'a suspect is silent', status: 'SUSPECT', sight: silent, expected: 'down unreachable' },
  { name: 'one probe of a suspect was refused', status: 'SUSPECT', sight: { ...overdue, refusals: 1 }, expected: null },
  { name: 'two probes of a suspect were refused', status: 'SUSPECT', sight: { ...overdue, refusals: 2 }, expected: 'down crashed' },
  { name: 'probes are refused although beats arrive', status: 'HEALTHY', sight: { refusals: 5 }, expected: null },
  { name: 'a suspect beats again', status: 'SUSPECT', sight: {}, expected: 'clear' },
  { name: 'a suspect answers a probe', status: 'SUSPECT', sight: { seq: 10, isAnsweringOnly: true }, expected: 'clear' },
  { name: 'the silence of a suspect no longer counts, without a sign of life', status: 'SUSPECT', sight: { seq: 10 }, expected: null },
  { name: 'a member scores badly', status: 'HEALTHY', sight: { grade: 'DEGRADED' }, expected: 'grade DEGRADED' },
  { name: 'a degraded member scores well again', status: 'DEGRADED', sight: { grade: 'HEALTHY' }, expected: 'grade HEALTHY' },
  { name: 'a joining member scores badly', status: 'JOINING', sight: { grade: 'DEGRADED' }, expected: null },
  { name: 'a joining member has beaten twice', status: 'JOINING', sight: { joiningBeats: 2 }, expected: null },
  { name: 'a joining member has beaten three times', status: 'JOINING', sight: { joiningBeats: 3 }, expected: 'admit' },
  { name: 'a member announces that it leaves', status: 'HEALTHY', sight: { state: 'leaving' }, expected: 'leave' },
  { name: 'a member that leaves beats on', status: 'LEAVING', sight: { state: 'leaving' }, expected: null },
  { name: 'a member that leaves falls silent', status: 'LEAVING', sight: { state: 'leaving', ...overdue }, expected: 'left' },
  { name: 'a member that leaves falls silent after a restart of ours', status: 'LEAVING', sight: overdue, expected: 'left' },
  { name: 'a member says its last word', status: 'LEAVING', sight: { state: 'left' }, expected: 'left' },
  { name: 'a dead node says a last word after all', status: 'DOWN', sight: { state: 'left' }, expected: 'left' },
  { name: 'who has left says so again', status: 'LEFT', sight: { state: 'left' }, expected: null },
  { name: 'who has left is silent', status: 'LEFT', sight: silent, expected: null },
  { name: 'the dead are silent', status: 'DOWN', sight: silent, expected: null },
  { name: 'the dead beat on', status: 'DOWN', sight: { seq: 11 }, expected: 'join' },
  { name: 'an old beat of the dead arrives', status: 'DOWN', sight: { seq: 10 }, expected: null },
  { name: 'the dead announce that they leave', status: 'DOWN', sight: { state: 'leaving' }, expected: null },
  { name: 'an older incarnation beats', status: 'HEALTHY', sight: { incarnation: 4 }, expected: null },
  { name: 'a newer incarnation beats', status: 'HEALTHY', sight: { incarnation: 6, seq: 1 }, expected: 'join' },
  { name: 'a newer incarnation of the dead beats', status: 'DOWN', sight: { incarnation: 6, seq: 1 }, expected: 'join' },
  { name: 'a newer incarnation of who has left came and went', status: 'LEFT', sight: { incarnation: 6, state: 'left' }, expected: null },
  { name: 'a newer incarnation of a member came and went', status: 'HEALTHY', sight: { incarnation: 6, state: 'left' }, expected: 'join' },
  { name: 'a member announces another address', status: 'HEALTHY', sight: { profile: { ...profile, httpUrl: 'http://127.0.0.1:9' } }, expected: 'describe' },
  { name: 'a member announces other tags', status: 'JOINING', sight: { profile: { ...profile, tags: { rack: '7' } } }, expected: 'describe' },
  { name: 'a member announces the same tags in another object', status: 'HEALTHY', sight: { profile: { ...profile, tags: {} } }, expected: null },
];

test.each(cases)('$name ($status): $expected', ({ status, sight: seen, expected }) => {
  const proposal = decide(status === null ? undefined : memberIn(status), sight(seen));
  const detail = proposal?.kind === 'down' ? ` ${proposal.failure}` : proposal?.kind === 'grade' ? ` ${proposal.to}` : '';
  expect(proposal === null ? null : `${proposal.kind}${detail}`).toBe(expected);
});

test('after a failure beats alone do not admit: the period counts as well', () => {
  const member = memberIn('JOINING', { admission: { beats: 3, periodMs: 30_000 } });
  expect(decide(member, sight({ joiningBeats: 20, joiningMs: 29_999 }))).toBeNull();
  expect(decide(member, sight({ joiningBeats: 2, joiningMs: 30_000 }))).toBeNull();
  expect(decide(member, sight({ joiningBeats: 20, joiningMs: 30_000 }))).toMatchObject({ kind: 'admit', reason: 'stable for 30.0 s' });
});

test('a verdict says in words what it rests on', () => {
  expect(decide(memberIn('SUSPECT'), sight({ ...silent, phi: 16.23 }))?.reason).toBe('no heartbeat for 12.0 s (phi 16.2)');
  expect(decide(memberIn('SUSPECT'), sight({ ...overdue, refusals: 2 }))?.reason).toBe('process is gone: connection refused 2 times, no heartbeat for 3.1 s (phi 8.2)');
});
