/** What an attempt to reach a member found, and what a broken connection says of it. */
import type { ProbeResult, ProbeTarget } from '@muster/contracts';

export interface ProbeFinding {
  readonly result: ProbeResult;
  /** How long its main loop has not moved, as its probe port said. Milliseconds; 0 when it moves, or is not known. */
  readonly mainLagMs: number;
}

/** `signal` ends the attempt: what was found until then counts. */
export type ProbeAttempt = (target: ProbeTarget, signal: AbortSignal) => Promise<ProbeFinding>;

export const found = (result: ProbeResult, mainLagMs = 0): ProbeFinding => ({ result, mainLagMs });

/**
 * What a fault of the connection says before anything was heard: nobody listens there, or nothing. Null when somebody took it and let it
 * break: that may be the last moment of a process, so it is worth another try.
 */
export function foundByFault(error: NodeJS.ErrnoException, isConnected: boolean): ProbeFinding | null {
  if (error.code === 'ECONNREFUSED') return found('refused');
  return isConnected || error.code === 'ECONNRESET' ? null : found('silent');
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
