/** The answer to "why" in sentences: what is said of a member, and what would change it. Pure; decides words, not layout. */
import type { Evidence, EvidenceClass, Why } from '@muster/contracts';
import { spellClock, spellDuration } from './layout.js';

/** One sentence for somebody who reads no further. */
export function verdictSentence(why: Why): string {
  const { status, now, marks, reason } = why;
  switch (status) {
    case 'HEALTHY':
      return `It is well: its beats come on time.${unserved(marks)}`;
    case 'DEGRADED':
      return `It is there and runs badly (${reason})${unserved(marks) === '' ? ', so it gets less traffic.' : `.${unserved(marks)}`}`;
    case 'JOINING':
      return `It is being watched before it gets traffic (${reason}).${unserved(marks)}`;
    case 'SUSPECT':
      return `${suspicion(now)} It gets no new traffic.`;
    case 'DOWN':
      return `It is out: ${downSentence(why)}.`;
    case 'LEAVING':
      return 'It said that it is leaving: it finishes what it has and gets nothing new.';
    case 'LEFT':
      return 'It left by its own word.';
  }
}

function unserved(marks: readonly string[]): string {
  if (marks.includes('draining')) return ' It gets no new work, because an operator drains it.';
  if (marks.includes('cordoned')) return ' It gets no new work, because an operator cordoned it.';
  if (marks.includes('damped')) return ' It gets no traffic, because it failed too often of late.';
  return '';
}

function suspicion(now: Evidence | null): string {
  if (now === null) return 'It is suspected, and this coordinator sees nothing of it.';
  const silent = `nothing has been heard of it for ${spellDuration(now.silenceMs)}`;
  switch (now.class) {
    case 'stalled':
    case 'hung':
      return `Its process is there and does not run${now.mainLagMs > 0 ? ` (its main loop has stood still for ${spellDuration(now.mainLagMs)})` : ''}.`;
    case 'crashed':
      return 'Its process is gone: where it listened, connections are refused.';
    case 'unreachable':
      return `It cannot be reached: ${silent}, and nobody who looked found it.`;
    case 'late':
      return `It is silent: ${silent}; others are being asked to look.`;
    case 'alive':
    case 'overloaded':
    case 'left':
    case 'replaced':
    case 'evicted':
      return `It was suspected, and what is seen now is: ${CLASSES[now.class]}.`;
  }
}

/** Whether the last verdict is what made the member what it is; an operator or a newer boot may have spoken since. */
export const isVerdictAgreed = ({ status, reason, lastVerdict }: Why): boolean => lastVerdict !== null && lastVerdict.status === status && lastVerdict.reason === reason;

function downSentence(why: Why): string {
  const { reason, lastVerdict, marks } = why;
  const cause = lastVerdict !== null && isVerdictAgreed(why) ? lastVerdict.evidence.class : null;
  const isFailure = cause !== null && cause !== 'alive' && cause !== 'late' && cause !== 'overloaded';
  return `${isFailure ? CLASSES[cause] : reason}${marks.includes('damped') ? '; it failed too often of late to be believed at once' : ''}`;
}

/** What a class of evidence means, in a few words. */
export const CLASSES: Readonly<Record<EvidenceClass, string>> = {
  alive: 'beats come on time',
  late: 'the next beat is overdue',
  left: 'it left by its own word',
  replaced: 'another boot of it took its place',
  crashed: 'its process is gone from a host that is up',
  stalled: 'its process is there and does not run',
  hung: 'its process has stood still for too long',
  unreachable: 'nobody reaches it',
  overloaded: 'it beats and runs badly',
  evicted: 'an operator evicted it',
};

function admissionLine(admission: NonNullable<Why['admission']> | null, nowUnixMs: number): string {
  if (admission === null) return 'It is HEALTHY when it has beaten steadily for as long as it must.';
  const leftMs = admission.notBeforeUnixMs - nowUnixMs;
  if (leftMs <= 0) return `It is HEALTHY after ${admission.beats} beats in a row.`;
  return `It is HEALTHY at ${spellClock(admission.notBeforeUnixMs)}, in ${spellDuration(leftMs)}, if it beats steadily until then.`;
}

/** What would make it better or worse, most likely first. */
export function whatWouldChange(why: Why, nowUnixMs: number): string[] {
  const { nodeId, marks } = why;
  const lines = statusLines(why, nowUnixMs);
  if (why.withheld !== '') lines.push(`A verdict is held back: ${why.withheld}.`);
  if (marks.includes('damped')) {
    const { penalty, reuseBelow, untilUnixMs } = why.damping;
    const when = untilUnixMs === null || untilUnixMs <= nowUnixMs ? '' : `, about ${spellClock(untilUnixMs)}`;
    lines.push(`Damped: it is believed again when its penalty (${penalty.toFixed(2)}) is below ${reuseBelow.toFixed(2)}${when}, and it beats steadily.`);
  }
  if (marks.includes('cordoned') || marks.includes('draining')) lines.push(`\`npx muster uncordon ${nodeId}\` gives it work again.`);
  return lines;
}

function statusLines(why: Why, nowUnixMs: number): string[] {
  const { status, now, lastVerdict, reason, admission, marks } = why;
  switch (status) {
    case 'HEALTHY':
    case 'DEGRADED':
      return now === null ? [] : [`Silence of ${spellDuration(now.suspectAfterMs)} makes it SUSPECT; a refused connection makes it DOWN sooner.`];
    case 'JOINING':
      return [admissionLine(admission ?? null, nowUnixMs)];
    case 'SUSPECT': {
      const clears = 'A newer beat on any lane, or a probe that is answered, clears it at once.';
      if (now?.class === 'stalled' || now?.class === 'hung') return [clears, 'Else it is DOWN when it has stood still for too long.'];
      const left = now === null ? 0 : now.givenUpAfterMs - now.silenceMs;
      return [clears, `Else it is DOWN when others do not find it either${left > 0 ? `, in ${spellDuration(left)} at the latest` : ''}.`];
    }
    case 'DOWN':
      if (now?.class === 'evicted' || reason.startsWith('evicted')) return ['Only a new boot of it joins again: restart it.'];
      if (isVerdictAgreed(why) && lastVerdict?.evidence.class === 'crashed') return ['A new boot of it joins again at once: start it.'];
      return [`A new boot of it joins again at once; the same process comes back ${marks.includes('damped') ? 'when it is believed again' : 'with its next beat'}.`];
    case 'LEAVING':
      return ['It is LEFT with its last word, or when its silence is too long.'];
    case 'LEFT':
      return ['A new boot of it joins again.'];
  }
}
