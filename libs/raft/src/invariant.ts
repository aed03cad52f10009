/** A promise of the algorithm that was broken: going on would make it worse, so the process ends. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

export function invariant(holds: boolean, rule: string, facts: Readonly<Record<string, unknown>>): asserts holds {
  if (!holds) throw new BrokenInvariant(`${rule}, but: ${JSON.stringify(facts)}`);
}
