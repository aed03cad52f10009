/** Waiting in tests: for a condition, with a deadline, never for a time. */

const POLL_MS = 5;

export async function eventually(claim: string, holds: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const dueMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > dueMs) throw new Error(`not within ${timeoutMs} ms: ${claim}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export async function failureOf(work: Promise<unknown>): Promise<Error & { code?: string; retriable?: boolean }> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was expected to fail, and did not');
}
