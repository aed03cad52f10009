/**
 * Looks at a member from outside: is its process there? Says what was found; decides nothing about the member.
 *
 * Both addresses that a member has are asked. One that answers is enough to say that it is there; that it is gone takes both, because one of
 * them may be closed while the process lives: the worker that serves the probe port died, or the main loop shut its server.
 */
import type { ProbeTarget } from '@muster/contracts';
import { found, type ProbeFinding } from './probe-finding.js';
import { probeHttp } from './probe-http.js';
import { probePort } from './probe-port.js';
import type { Reach } from './reach.js';

/** Time that the probe port has for itself: it answers at once, and the main loop is spared then. Milliseconds. */
const HEAD_START_MS = 100;

/** Turns of the loop in which a connection that stands is noticed, read, and its answer taken. Count. */
const READ_TURNS = 3;

/** Never rejects; resolves within `timeLimitMs` and a moment. An address that is out of reach is as one that is not known. */
export async function probe(asked: ProbeTarget, timeLimitMs: number, reach: Reach): Promise<ProbeFinding> {
  const target = reach.within(asked);
  const limit = new AbortController();
  // An answer that arrived while our own loop was busy is read before its time is taken for over.
  const timer = setTimeout(() => afterTurns(READ_TURNS, () => limit.abort()), timeLimitMs);
  try {
    const { probeUrl, httpUrl } = target;
    if (probeUrl === null) return httpUrl === null ? found('silent') : await probeHttp(target, limit.signal, reach.lookupFor(httpUrl));
    const byPort = probePort(target, limit.signal, reach.lookupFor(probeUrl));
    return httpUrl === null ? await byPort : await byBoth(byPort, () => probeHttp(target, limit.signal, reach.lookupFor(httpUrl)), limit.signal);
  } finally {
    clearTimeout(timer);
    limit.abort();
  }
}

async function byBoth(byPort: Promise<ProbeFinding>, askHttp: () => Promise<ProbeFinding>, signal: AbortSignal): Promise<ProbeFinding> {
  const first = await Promise.race([byPort, later(HEAD_START_MS, signal)]);
  if (first?.result === 'answered') return first;
  const byHttp = askHttp();
  const answered = await firstAnswer([byPort, byHttp]);
  return answered ?? together(await byPort, await byHttp);
}

/** The first that answered; null when none did. */
function firstAnswer(findings: readonly Promise<ProbeFinding>[]): Promise<ProbeFinding | null> {
  const answers = findings.map(async (finding) => {
    const { result, mainLagMs } = await finding;
    if (result !== 'answered') throw new Error('no answer');
    return found(result, mainLagMs);
  });
  return Promise.any(answers).catch(() => null);
}

/** What two addresses say together when neither answered. */
function together(one: ProbeFinding, other: ProbeFinding): ProbeFinding {
  if (one.result === 'refused' && other.result === 'refused') return found('refused');
  return one.result === 'accepted' || other.result === 'accepted' ? found('accepted') : found('silent');
}

function later(delayMs: number, signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), delayMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(null);
    });
  });
}

function afterTurns(count: number, run: () => void): void {
  if (count === 0) run();
  else setImmediate(() => afterTurns(count - 1, run));
}
