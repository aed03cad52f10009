/**
 * The value, or undefined when it takes longer. The work itself goes on; it must not reject. Without `holdsProcess` the wait alone does not
 * keep a process alive that has nothing else to do.
 */
export async function withinMs<T>(work: Promise<T>, limitMs: number, { holdsProcess = true }: { readonly holdsProcess?: boolean } = {}): Promise<T | undefined> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    limit = setTimeout(() => resolve(undefined), limitMs);
    if (!holdsProcess) limit.unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(limit);
  }
}
