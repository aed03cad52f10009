import type { MemberStatus } from '@muster/contracts';
import { memberIn, profile, sight } from '../testing/fixtures.js';
import { decide } from './decide.js';
import { type Finding, type Sight, WELL } from './sight.js';

interface Case {
  readonly name: string;
  readonly status: MemberStatus | null;
  readonly sight: Partial<Sight>;
  readonly finding?: Finding;
  readonly isBelieved?: boolean;
  readonly isEvicted?: boolean;
  readonly standing?: 'JOINING' | 'HEALTHY';
  readonly expected: string | null;
}

const overdue = { stage: 'overdue', silenceMs: 3100, phi: 8.2, isBeatLate: true } as const;
const silent = { stage: 'silent', silenceMs: 12_000, phi: 300, isBeatLate: true } as const;
const wait = { cause: 'unconfirmed', detail: 'too early' } as const;
const missing: Finding = { kind: 'silent', reason: 'no heartbeat', observers: ['self'], withheld: wait };
const lost: Finding = { ...missing, withheld: null };
const stopped: Finding = { kind: 'stalled', reason: 'does not run', observers: ['self'], withheld: wait };
const hung: Finding = { ...stopped, withheld: null };
const worn: Finding = { kind: 'worn', reason: 'loses beats', observers: [], withheld: wait };
const crashed: Finding = { kind: 'crashed', reason: 'process is gone', observers: ['self'] };
const unsure: Finding = { kind: 'unsure', withheld: { cause: 'blind', detail: 'we do not hear' } };

const cases: readonly Case[] = [
  { name: 'a node that nobody knows beats', status: null, sight: {}, expected: 'join' },
  { name: 'a node that nobody knows says good-bye', status: null, sight: { state: 'left' }, expected: null },
  { name: 'a member beats', status: 'HEALTHY', sight: {}, expected: null },
  { name: 'a member is overdue', status: 'HEALTHY', sight: overdue, finding: missing, expected: 'suspect silence' },
  { name: 'a degraded member is overdue', status: 'DEGRADED', sight: overdue, finding: missing, expected: 'suspect silence' },
  { name: 'a joining member is overdue', status: 'JOINING', sight: overdue, finding: missing, expected: 'suspect silence' },
  { name: 'a member fell silent while we did not look', status: 'HEALTHY', sight: silent, finding: lost, expected: 'suspect silence' },
  { name: 'a member is overdue where we do not hear', status: 'HEALTHY', sight: overdue, finding: unsure, expected: null },
  { name: 'a suspect is overdue still', status: 'SUSPECT', sight: overdue, finding: missing, expected: null },
  { name: 'a suspect is silent, and others find the same', status: 'SUSPECT', sight: silent, finding: lost, expected: 'down unreachable' },
  { name: 'a suspect is silent where we do not hear', status: 'SUSPECT', sight: { ...silent, seq: 11 }, finding: unsure, expected: null },
  { name: 'a member is proven gone', status: 'HEALTHY', sight: {}, finding: crashed, expected: 'down crashed' },
  { name: 'a suspect is proven gone', status: 'SUSPECT', sight: overdue, finding: crashed, expected: 'down crashed' },
  { name: 'a member that leaves is proven gone', status: 'LEAVING', sight: { state: 'leaving' }, finding: crashed, expected: 'left' },
  { name: 'a member does not run', status: 'HEALTHY', sight: { seq: 20 }, finding: stopped, expected: 'suspect stalled' },
  { name: 'a joining member does not run', status: 'JOINING', sight: { seq: 20 }, finding: stopped, expected: null },
  { name: 'a joining member does not run for long', status: 'JOINING', sight: { seq: 20 }, finding: hung, expected: 'suspect stalled' },
  { name: 'a suspect that was joining beats again', status: 'SUSPECT', standing: 'JOINING', sight: { seq: 20, steadyMs: 2999 }, expected: null },
  { name: 'a suspect that was joining beats again for long enough', status: 'SUSPECT', standing: 'JOINING', sight: { seq: 20, steadyMs: 3000 }, expected: 'clear' },
  { name: 'a suspect does not run still, though it beats', status: 'SUSPECT', sight: { seq: 20 }, finding: stopped, expected: null },
  { name: 'a suspect does not run for long', status: 'SUSPECT', sight: {}, finding: hung, expected: 'down hung' },
  { name: 'one that was taken for hung beats on without running', status: 'DOWN', sight: { seq: 20 }, finding: hung, expected: null },
  { name: 'an evicted member beats on', status: 'DOWN', isEvicted: true, sight: { seq: 20 }, expected: null },
  { name: 'a damped suspect beats again', status: 'SUSPECT', isBelieved: false, sight: {}, expected: null },
  { name: 'a damped member has joined long enough', status: 'JOINING', isBelieved: false, sight: { joiningBeats: 3 }, expected: null },
  { name: 'a damped dead member beats on', status: 'DOWN', isBelieved: false, sight: { seq: 11 }, expected: null },
  { name: 'a damped dead member comes back as another process', status: 'DOWN', isBelieved: false, sight: { incarnation: 6, seq: 1 }, expected: 'join' },
  { name: 'the ways of a member lose nearly everything', status: 'HEALTHY', sight: {}, finding: worn, expected: 'suspect silence' },
  { name: 'the ways of a joining member lose nearly everything', status: 'JOINING', sight: { joiningBeats: 3 }, finding: worn, expected: null },
  { name: 'the ways of a suspect lose nearly everything', status: 'SUSPECT', sight: {}, finding: worn, expected: null },
  { name: 'a member that leaves is hardly heard', status: 'LEAVING', sight: {}, finding: worn, expected: null },
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
  { name: 'a member that leaves falls silent', status: 'LEAVING', sight: { state: 'leaving', ...overdue }, finding: missing, expected: 'left' },
  { name: 'a member that leaves falls silent after a restart of ours', status: 'LEAVING', sight: overdue, finding: missing, expected: 'left' },
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

test.each(cases)('$name ($status): $expected', ({ status, sight: seen, finding = WELL, isBelieved = true, isEvicted = false, standing, expected }) => {
  const proposal = decide({ member: status === null ? undefined : memberIn(status, { isEvicted, ...(standing === undefined ? {} : { standing }) }), sight: sight(seen), finding, isBelieved });
  const detail = proposal?.kind === 'down' ? ` ${proposal.failure}` : proposal?.kind === 'grade' ? ` ${proposal.to}` : proposal?.kind === 'suspect' ? ` ${proposal.cause}` : '';
  expect(proposal === null ? null : `${proposal.kind}${detail}`).toBe(expected);
});

test('after a failure beats alone do not admit: the period counts as well', () => {
  const member = memberIn('JOINING', { admission: { beats: 3, periodMs: 30_000 } });
  const after = (joiningBeats: number, joiningMs: number) => decide({ member, sight: sight({ joiningBeats, joiningMs }), finding: WELL, isBelieved: true });
  expect(after(20, 29_999)).toBeNull();
  expect(after(2, 30_000)).toBeNull();
  expect(after(20, 30_000)).toMatchObject({ kind: 'admit', reason: 'stable for 30.0 s' });
});
