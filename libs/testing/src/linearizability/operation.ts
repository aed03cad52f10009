/** What clients did to a set of registers and what they were answered, as a history that can be checked. */

export interface Operation {
  readonly client: string;
  readonly key: string;
  readonly kind: 'write' | 'read';
  /** Written, or read; null for a register as it was in the beginning. */
  readonly value: string | null;
  /** When it was asked, by a monotonic clock that all clients share. */
  readonly startMs: number;
  /** When the answer came. Null when none did: a write may have happened at any time since, or never. One that certainly did not is left out. */
  readonly endMs: number | null;
  /** The place in the log that the answer stands for; null when it was not told. */
  readonly index: number | null;
}

/** `operations` are those that contradict each other, the one that brought it to light last. */
export interface Violation {
  readonly kind: 'violation';
  readonly key: string;
  readonly reason: string;
  readonly operations: readonly Operation[];
}

export type Linearizability = { readonly kind: 'linearizable'; readonly operations: number } | Violation;

export type Answered = Operation & { readonly endMs: number };

export function isAnswered(operation: Operation): operation is Answered {
  return operation.endMs !== null;
}

export function inWords({ client, key, kind, value, startMs, endMs, index }: Operation): string {
  const when = `${startMs.toFixed(1)}..${endMs === null ? '?' : endMs.toFixed(1)} ms`;
  return `${client} ${kind === 'write' ? `wrote ${String(value)} to ${key}` : `read ${String(value)} from ${key}`} (${when}${index === null ? '' : `, index ${index}`})`;
}
