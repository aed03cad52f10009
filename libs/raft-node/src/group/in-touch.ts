/** How long a leader listens before it takes a member for gone. Pure: by what it does its heartbeats come, not by a clock of its own. */

export interface Patience {
  /** Whoever lives is heard within this from any moment on. Milliseconds. */
  readonly heardMs: number;
  /** Who was not heard for so long is not in touch: another with its name is believed. Milliseconds. */
  readonly touchMs: number;
}

/** Some heartbeats and their answers, of which one may be lost. */
const HEARTBEATS = 4;
const HEARD_MS_MIN = 300;
const TOUCH_MS_MIN = 1000;

export function patienceWith({ heartbeatMs, electionTimeoutMs }: { readonly heartbeatMs: number; readonly electionTimeoutMs: number }): Patience {
  return { heardMs: Math.max(HEARD_MS_MIN, HEARTBEATS * heartbeatMs), touchMs: Math.max(TOUCH_MS_MIN, HEARTBEATS * heartbeatMs, electionTimeoutMs) };
}
