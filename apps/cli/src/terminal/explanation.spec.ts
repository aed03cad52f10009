import { type Evidence, MEMBER_STATUSES, type Why, whySchema } from '@muster/contracts';
import pc from 'picocolors';
import { explain } from './explanation.js';
import { whatWouldChange } from './why-sentences.js';

const NOW = 1_795_218_053_000;
const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  class: 'alive',
  silenceMs: 400,
  phi: 0.2,
  suspectAfterMs: 2500,
  givenUpAfterMs: 12_000,
  gapMeanMs: 1001,
  gapDeviationMs: 18,
  mainLagMs: 0,
  lane: 'open',
  probes: [],
  phiTrace: [0, 1000, 2000, 3000].map((silenceMs) => ({ silenceMs, phi: silenceMs / 250 })),
  ...more,
});
const why = (more: Partial<Why> = {}): Why => ({
  nodeId: 'producer-1',
  incarnation: 1,
  status: 'HEALTHY',
  reason: '3 beats in a row',
  changedAtUnixMs: NOW - 60_000,
  index: 12,
  term: 1,
  marks: [],
  now: evidence(),
  withheld: '',
  doubt: '',
  canary: { partition: 3, ageMs: 400 },
  damping: { penalty: 0, suppressAt: 1.5, reuseBelow: 0.75, untilUnixMs: null },
  brake: '',
  lastVerdict: null,
  ...more,
});
const shown = (of: Why, columns: number | null = null): string[] => explain(of, { colours: pc.createColors(false), columns, nowUnixMs: NOW });
const text = (of: Why): string => shown(of).join('\n');
const suspect = why({
  status: 'SUSPECT',
  reason: 'no heartbeat for 2.5 s (phi 8.0)',
  now: evidence({
    class: 'unreachable',
    silenceMs: 3000,
    phi: 12,
    lane: 'closed',
    probes: [
      { by: 'coordinator-1', result: 'silent', ageMs: 300, mainLagMs: 0 },
      { by: 'gateway-1', result: 'answered', ageMs: 5300, mainLagMs: 4100 },
    ],
  }),
  withheld: 'the brake of zone a protects it',
  brake: 'zone a: 4 of 6 members fell silent within one deadline, which is more than the fraction that is let go',
  lastVerdict: { status: 'SUSPECT', index: 12, atUnixMs: NOW - 60_000, reason: 'no heartbeat for 2.5 s (phi 8.0)', observers: ['coordinator-1'], evidence: evidence({ class: 'unreachable' }) },
});

test('the samples are what a coordinator would say', () => {
  expect(whySchema.safeParse(suspect).success).toBe(true);
});

describe.each(MEMBER_STATUSES)('%s', (status) => {
  test('has a sentence before the facts, and says what is next', () => {
    const [head, blank, sentence] = shown(why({ status }));
    expect(head).toMatch(new RegExp(`^producer-1 {2}${status} {2}since \\d\\d:\\d\\d:\\d\\d, 60 s ago$`));
    expect(blank).toBe('');
    expect(sentence).toMatch(/^ {2}It .*\.$/);
    expect(text(why({ status }))).toMatch(/^ {2}next {7}\S/m);
  });

  test('fits into 80 columns, but for words that are longer', () => {
    for (const line of [...shown({ ...suspect, status }, 80), ...shown(why({ status, marks: ['cordoned', 'damped'], now: null }), 80)]) expect(line.length).toBeLessThanOrEqual(80);
  });
});

const sentences: ReadonlyArray<{ name: string; of: Why; says: RegExp }> = [
  { name: 'a drained member', of: why({ marks: ['draining'] }), says: /no new work, because an operator drains it/ },
  { name: 'a cordoned member', of: why({ marks: ['cordoned'] }), says: /no new work, because an operator cordoned it/ },
  { name: 'a frozen main loop', of: why({ status: 'SUSPECT', now: evidence({ class: 'stalled', mainLagMs: 6200 }) }), says: /process is there and does not run \(its main loop has stood still for 6\.2 s\)/ },
  { name: 'a suspect that nobody reaches', of: suspect, says: /nothing has been heard of it for 3\.0 s, and nobody who looked found it/ },
  { name: 'a brake', of: suspect, says: /^ {2}brake {6}protects it: zone a: 4 of 6/m },
  { name: 'a verdict that is held back', of: suspect, says: /A verdict is held back: the brake of zone a protects it\./ },
  { name: 'how long it has at most', of: suspect, says: /DOWN when others do not find it either, in 9\.0 s at the latest/ },
  { name: 'who looked, and what was found', of: suspect, says: /^ {2}probes {5}coordinator-1 {2}silent {4}0\.3 s ago\n {13}gateway-1 {6}answered {2}5\.3 s ago, main loop stood still 4\.1 s$/m },
  { name: 'the crash behind a DOWN', of: why({ status: 'DOWN', reason: 'refused', lastVerdict: { status: 'DOWN', index: 9, atUnixMs: NOW - 1000, reason: 'refused', observers: ['c1', 'g1'], evidence: evidence({ class: 'crashed', probes: [{ by: 'g1', result: 'refused', ageMs: 1, mainLagMs: 0 }] }) } }), says: /It is out: its process is gone from a host that is up\.[^]*seen by c1, g1\n.*probes then: g1 refused\n {2}next {7}A new boot of it joins again at once: start it\.$/ },
  { name: 'that one that was given up comes back by itself', of: why({ status: 'DOWN' }), says: /the same process comes back with its next beat\.$/ },
  { name: 'that one that is damped does not', of: why({ status: 'DOWN', marks: ['damped'] }), says: /the same process comes back when it is believed again\./ },
  { name: 'a member that runs badly', of: why({ status: 'DEGRADED', reason: 'health score 55' }), says: /runs badly \(health score 55\), so it gets less traffic\.$/m },
  { name: 'one that runs badly and is drained', of: why({ status: 'DEGRADED', reason: 'health score 55', marks: ['draining'] }), says: /runs badly \(health score 55\)\. It gets no new work, because an operator drains it\.$/m },
  { name: 'that an evicted member needs a new boot', of: why({ status: 'DOWN', reason: 'evicted by ada', now: evidence({ class: 'evicted' }) }), says: /Only a new boot of it joins again/ },
  { name: 'doubt of its own eyes', of: why({ doubt: 'its loop ran late' }), says: /not now, this coordinator doubts itself: its loop ran late; its own beat came back through partition 3 0\.4 s ago/ },
  { name: 'a member that is not seen', of: why({ now: null }), says: /this coordinator does not watch it/ },
  { name: 'of one that was evicted, the order and not an older verdict', of: why({ status: 'DOWN', reason: 'evicted by ada: sick', now: evidence({ class: 'evicted' }), lastVerdict: { status: 'DOWN', index: 9, atUnixMs: NOW - 90_000, reason: 'stood still', observers: [], evidence: evidence({ class: 'hung' }) } }), says: /It is out: evicted by ada: sick\.[^]*^ {2}before {5}DOWN at .*: stood still\n {13}hung after/m },
  { name: 'an agreed verdict once', of: suspect, says: /^ {2}verdict {4}unreachable after 0\.4 s of silence, phi 0\.2, seen by coordinator-1$/m },
  { name: 'who set a mark, when, and why', of: why({ marks: ['draining'], marked: [{ mark: 'draining', reason: 'drained by ada: release 7', atUnixMs: NOW - 5000 }] }), says: /^ {2}marks {6}draining since \d\d:\d\d:\d\d: drained by ada: release 7$/m },
  { name: 'when a joining member is believed', of: why({ status: 'JOINING', admission: { beats: 3, notBeforeUnixMs: NOW + 20_000 } }), says: /It is HEALTHY at \d\d:\d\d:\d\d, in 20 s, if it beats steadily until then\./ },
  { name: 'how many beats a new member needs', of: why({ status: 'JOINING', admission: { beats: 3, notBeforeUnixMs: NOW - 1000 } }), says: /It is HEALTHY after 3 beats in a row\./ },
  { name: 'that a stalled member is out when it has stood still for too long', of: why({ status: 'SUSPECT', now: evidence({ class: 'stalled' }) }), says: /Else it is DOWN when it has stood still for too long\./ },
  { name: 'a main loop that stands still', of: why({ now: evidence({ mainLagMs: 800 }) }), says: /^ {2}main loop {2}stands still for 0\.8 s$/m },
  { name: 'a main loop that moves', of: why(), says: /^ {2}main loop {2}moves$/m },
  { name: 'a main loop of which nothing is heard', of: suspect, says: /^ {2}main loop {2}moved when it was last heard of$/m },
  { name: 'a lane that broke', of: suspect, says: /^ {2}lane {7}closed: it was open to this coordinator before$/m },
  { name: 'the rhythm', of: why(), says: /^ {2}rhythm {5}a beat every 1\.00 s ± 0\.02 s$/m },
  { name: 'a penalty', of: why({ damping: { penalty: 1, suppressAt: 1.5, reuseBelow: 0.75, untilUnixMs: null } }), says: /penalty 1\.00; damped above 1\.50, believed again below 0\.75/ },
];
test.each(sentences)('$name is told', ({ of, says }) => expect(text(of)).toMatch(says));

test('of many looks of one observer the last is shown, with how often in a row', () => {
  const seen = (by: string, result: 'silent' | 'accepted', ageMs: number) => ({ by, result, ageMs, mainLagMs: 0 });
  const probes = [seen('a', 'accepted', 100), seen('b', 'silent', 200), seen('a', 'accepted', 900), seen('a', 'silent', 1700), seen('a', 'accepted', 2500)];
  expect(text(why({ status: 'SUSPECT', now: evidence({ class: 'stalled', probes }) }))).toMatch(/^ {2}probes {5}a {2}accepted {2}0\.1 s ago, 2 times in a row\n {13}b {2}silent {4}0\.2 s ago$/m);
});

test('a rhythm that is not known yet is not told', () => expect(text(why({ now: evidence({ gapMeanMs: 0 }) }))).not.toContain('rhythm'));

test('the time until which a member is damped is not told once it is past', () => {
  const damped = (untilUnixMs: number): string => whatWouldChange(why({ marks: ['damped'], damping: { penalty: 0.7, suppressAt: 1.5, reuseBelow: 0.75, untilUnixMs } }), NOW).join('\n');
  expect(damped(NOW)).toMatch(/is below 0\.75, and it beats steadily/);
  expect(damped(NOW + 1000)).toMatch(/is below 0\.75, about /);
});

test('of one that is out neither rhythm nor deadlines are told', () => {
  for (const seen of ['late', 'unreachable'] as const) {
    const lines = text(why({ status: 'DOWN', now: evidence({ class: seen, silenceMs: 3000 }) }));
    expect(lines).toMatch(/^ {2}seen now {3}last sign of life 3\.0 s ago$/m);
    expect(lines).not.toMatch(/deadlines|rhythm|main loop|overdue/);
  }
});

test('phi is drawn over silence, with a pointer at where the member is', () => {
  const lines = shown(suspect);
  const bars = lines.find((line) => line.startsWith('  phi')) ?? '';
  expect(bars).toBe('  phi        ▁▃▆█  silence of 0 to 3.0 s gives phi 0 to 12.0');
  expect(lines[lines.indexOf(bars) + 1]).toBe(`${' '.repeat(13)}   ↑ now 12.0`);
});

test('a damped member is told when it is believed again, and an operator how to take marks back', () => {
  const lines = whatWouldChange(why({ marks: ['damped', 'draining'], damping: { penalty: 1.8, suppressAt: 1.5, reuseBelow: 0.75, untilUnixMs: NOW + 75_000 } }), NOW);
  expect(lines).toEqual([expect.stringContaining('Silence of 2.5 s'), expect.stringMatching(/^Damped: .*\(1\.80\) is below 0\.75, about \d\d:\d\d:\d\d, and it beats steadily\.$/), '`npx muster uncordon producer-1` gives it work again.']);
});
