/** How the answer to "why" is laid out on a terminal: a sentence, then the facts, then what would change it. */
import { type Evidence, isLive, type ProbeResult, type Why } from '@muster/contracts';
import { padRight, spellClock, spellDuration, wrap } from './layout.js';
import type { Colours } from './terminal.js';
import { paintStatus } from './timeline.js';
import { CLASSES, isVerdictAgreed, verdictSentence, whatWouldChange } from './why-sentences.js';

export interface ExplainOptions {
  readonly colours: Colours;
  /** Width to fit into. Count, null where lines may be as long as they like. */
  readonly columns: number | null;
  readonly nowUnixMs: number;
}

const INDENT = 2;
const LABEL_WIDTH = 11;
const BARS = '▁▂▃▄▅▆▇█';
/** φ that fills the bars: twice the usual limit, so that the limit is in the middle. */
const PHI_SHOWN_MAX = 16;

type Fact = readonly [label: string, ...lines: string[]];

export function explain(why: Why, options: ExplainOptions): string[] {
  const { colours, nowUnixMs } = options;
  const { bold, dim, yellow } = colours;
  const marks = why.marks.map((mark) => ` ${yellow(mark)}`).join('');
  const since = dim(`since ${spellClock(why.changedAtUnixMs)}, ${spellDuration(nowUnixMs - why.changedAtUnixMs)} ago`);
  return [
    `${bold(why.nodeId)}  ${paintStatus(colours, why.status)}${marks}  ${since}`,
    '',
    ...indented(verdictSentence(why), options.columns),
    '',
    ...factsOf(why, nowUnixMs).flatMap((fact) => laidOut(fact, options)),
    ...laidOut(['next', ...whatWouldChange(why, nowUnixMs)], options),
  ];
}

function factsOf(why: Why, nowUnixMs: number): Fact[] {
  const { now, lastVerdict, marked = [] } = why;
  return [
    ['agreed', `${why.status}: ${why.reason} (last change at index ${why.index}, term ${why.term})`],
    ...(marked.length === 0 ? [] : [['marks', ...marked.map(({ mark, reason, atUnixMs }) => `${mark} since ${spellClock(atUnixMs)}: ${reason}`)] as const]),
    ...(now === null ? [['seen now', 'nothing: this coordinator does not watch it'] as const] : isLive(why.status) ? evidenceFacts(now) : goneFacts(now)),
    ['judging', why.doubt === '' ? `this coordinator trusts its eyes${canaryText(why.canary)}` : `not now, this coordinator doubts itself: ${why.doubt}${canaryText(why.canary)}`],
    ...(why.brake === '' ? [] : [['brake', `protects it: ${why.brake}`] as const]),
    ['damping', dampingText(why.damping)],
    ...(lastVerdict === null ? [] : [verdictFact(lastVerdict, isVerdictAgreed(why), nowUnixMs)]),
  ];
}

/** Of one that is out only this is news; its rhythm and deadlines are of the past. */
function goneFacts({ class: evidence, silenceMs, probes }: Evidence): Fact[] {
  // Nobody looks for one that is out: without probes its silence is all there is.
  const isExpected = evidence === 'late' || evidence === 'alive' || (evidence === 'unreachable' && probes.length === 0);
  return [['seen now', `${isExpected ? '' : `${evidence}: ${CLASSES[evidence]}; `}last sign of life ${spellDuration(silenceMs)} ago`], ...(probes.length === 0 ? [] : [['probes', ...probeLines(probes)] as const])];
}

function evidenceFacts(now: Evidence): Fact[] {
  const { silenceMs, phi, suspectAfterMs, givenUpAfterMs, gapMeanMs, gapDeviationMs, mainLagMs } = now;
  return [
    ['seen now', `${now.class}: ${CLASSES[now.class]}; last sign of life ${spellDuration(silenceMs)} ago, phi ${phi.toFixed(1)}`],
    ['deadlines', `suspected after ${spellDuration(suspectAfterMs)} of silence; out after ${spellDuration(givenUpAfterMs)} where nobody can look`],
    ...(gapMeanMs > 0 ? [['rhythm', `a beat every ${seconds(gapMeanMs)} ± ${seconds(gapDeviationMs)}`] as const] : []),
    ...(now.phiTrace.length > 1 ? [['phi', ...phiLines(now)] as const] : []),
    ['main loop', mainLagMs > 0 ? `stands still for ${spellDuration(mainLagMs)}` : silenceMs < suspectAfterMs ? 'moves' : 'moved when it was last heard of'],
    ['lane', LANES[now.lane]],
    ['probes', ...(now.probes.length === 0 ? ['none: there was no reason to look'] : probeLines(now.probes))],
  ];
}

const LANES: Readonly<Record<Evidence['lane'], string>> = {
  open: 'open to this coordinator',
  closed: 'closed: it was open to this coordinator before',
  none: 'none to this coordinator; it may have one to another',
};

/** Bars for the φ of growing silence, and under them where the member is now. */
function phiLines({ phiTrace, silenceMs, phi }: Evidence): string[] {
  const untilMs = Math.max(...phiTrace.map((point) => point.silenceMs), 1);
  const top = Math.min(PHI_SHOWN_MAX, Math.max(1, ...phiTrace.map((point) => point.phi)));
  const bars = phiTrace.map((point) => BARS[Math.min(BARS.length - 1, Math.floor((point.phi / top) * (BARS.length - 1) + 0.5))] ?? ' ').join('');
  const at = Math.min(phiTrace.length - 1, Math.round((silenceMs / untilMs) * (phiTrace.length - 1)));
  const last = phiTrace.at(-1)?.phi ?? 0;
  return [`${bars}  silence of 0 to ${spellDuration(untilMs)} gives phi 0 to ${last.toFixed(1)}`, `${' '.repeat(at)}↑ now ${phi.toFixed(1)}`];
}

interface Look {
  readonly by: string;
  readonly result: ProbeResult;
  readonly ageMs: number;
  readonly mainLagMs: number;
  /** How often in a row that was found. */
  readonly count: number;
}

/** What each found last, and how often in a row; they come newest first. */
function looksOf(probes: Evidence['probes']): Look[] {
  return [...Map.groupBy(probes, ({ by }) => by).values()].flatMap((own) => {
    const [newest] = own;
    if (newest === undefined) return [];
    const other = own.findIndex(({ result }) => result !== newest.result);
    return [{ ...newest, count: other === -1 ? own.length : other }];
  });
}

function probeLines(probes: Evidence['probes']): string[] {
  const looks = looksOf(probes);
  const nameWidth = Math.max(...looks.map(({ by }) => by.length));
  const resultWidth = Math.max(...looks.map(({ result }) => result.length));
  return looks.map(({ by, result, ageMs, mainLagMs, count }) => {
    const often = count > 1 ? `, ${count} times in a row` : '';
    return `${padRight(by, nameWidth)}  ${padRight(result, resultWidth)}  ${spellDuration(ageMs)} ago${often}${mainLagMs > 0 ? `, main loop stood still ${spellDuration(mainLagMs)}` : ''}`;
  });
}

const canaryText = (canary: Why['canary']): string => (canary === null ? '' : `; its own beat came back through partition ${canary.partition} ${spellDuration(canary.ageMs)} ago`);

function dampingText({ penalty, suppressAt, reuseBelow }: Why['damping']): string {
  if (penalty < 0.005) return 'none: it did not fail of late';
  return `penalty ${penalty.toFixed(2)}; damped above ${suppressAt.toFixed(2)}, believed again below ${reuseBelow.toFixed(2)}`;
}

/** What was known at the last verdict. In full where it is not what the member is now; else `agreed` has said the rest. */
function verdictFact({ status, atUnixMs, index, reason, observers, evidence }: NonNullable<Why['lastVerdict']>, isAgreed: boolean, nowUnixMs: number): Fact {
  const seenBy = observers.length === 0 ? '' : `, seen by ${observers.join(', ')}`;
  const probes = looksOf(evidence.probes).map(({ by, result }) => `${by} ${result}`).join(', ');
  return [
    isAgreed ? 'verdict' : 'before',
    ...(isAgreed ? [] : [`${status} at ${spellClock(atUnixMs)}, ${spellDuration(nowUnixMs - atUnixMs)} ago (index ${index}): ${reason}`]),
    `${evidence.class} after ${spellDuration(evidence.silenceMs)} of silence, phi ${evidence.phi.toFixed(1)}${seenBy}`,
    ...(probes === '' ? [] : [`probes then: ${probes}`]),
  ];
}

/** `1.00 s`: rhythms differ in the second digit. */
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

function laidOut([label, ...texts]: Fact, { colours, columns }: ExplainOptions): string[] {
  const width = columns === null ? null : columns - INDENT - LABEL_WIDTH;
  // Bars and tables keep their blanks; sentences are broken where they do not fit.
  const lines = texts.flatMap((text) => (width === null || text.length <= width ? [text] : wrap(text, width)));
  return lines.map((line, at) => `${' '.repeat(INDENT)}${colours.dim(padRight(at === 0 ? label : '', LABEL_WIDTH))}${line}`.trimEnd());
}

function indented(text: string, columns: number | null): string[] {
  const lines = columns === null ? [text] : wrap(text, columns - INDENT);
  return lines.map((line) => `${' '.repeat(INDENT)}${line}`);
}
