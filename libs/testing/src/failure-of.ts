/** What some work failed with, for tests that look at more of an error than its message; that it succeeds is a failure of the test. */
export async function failureOf(work: Promise<unknown>): Promise<Error & { code?: string; retriable?: boolean }> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was expected to fail, and did not');
}
