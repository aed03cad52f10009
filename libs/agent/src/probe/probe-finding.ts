/** What an attempt to reach a member found, and what a broken connection says of it. */
import type { LookupFunction } from 'node:net';
import type { ProbeResult, ProbeTarget } from '@muster/contracts';

export interface ProbeFinding {
  readonly result: ProbeResult;
  /** How long its main loop has not moved, as its probe port said. Milliseconds; 0 when it moves, or is not known. */
  readonly mainLagMs: number;
}

/** `signal` ends the attempt: what was found until then counts. */
export type ProbeAttempt = (target: ProbeTarget, signal: AbortSignal, lookup: LookupFunction) => Promise<ProbeFinding>;

export const found = (result: ProbeResult, mainLagMs = 0): ProbeFinding => ({ result, mainLagMs });

/**
 * What a fault of the connection says before anything was heard: nobody listens there, or nothing. Null when somebody took it and let it
 * break: that may be the last moment of a process, so it is worth another try.
 */
export function foundByFault(error: NodeJS.ErrnoException, isConnected: boolean): ProbeFinding | null {
  if (isRefusal(error)) return found('refused');
  return isConnected || error.code === 'ECONNRESET' ? null : found('silent');
}

/** A name may stand for several addresses: that one of them refuses says nothing of the others. */
export function isRefusal(error: NodeJS.ErrnoException): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every((one: NodeJS.ErrnoException) => one.code === 'ECONNREFUSED');
  return error.code === 'ECONNREFUSED';
}

/** Makes an attempt again, once, when it came to nothing; never after its time. */
export async function twice(attempt: () => Promise<ProbeFinding | null>, signal: AbortSignal): Promise<ProbeFinding> {
  const first = signal.aborted ? found('silent') : await attempt();
  if (first !== null) return first;
  return (signal.aborted ? null : await attempt()) ?? found('silent');
}

export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
