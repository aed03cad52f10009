/** A claim that only a bug can break. Never caught: the process ends, and restarts from what is durable. */
export function invariant(holds: boolean, claim: string, facts: Readonly<Record<string, unknown>>): asserts holds {
  if (!holds) throw new Error(`invariant broken: ${claim} ${JSON.stringify(facts)}`);
}
