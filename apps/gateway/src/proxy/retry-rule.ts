/** Whether a request that failed may go to another member. Pure. */

/** What became of one attempt that brought no answer. */
export interface FailedAttempt {
  /** The request had begun to go out on a connection: the member may have acted on it. */
  readonly wasSent: boolean;
  /** Bytes of the body were taken from the client and cannot be had again. */
  readonly isBodyUsed: boolean;
}

export type RetryVerdict =
  /** It never left: trying elsewhere harms nobody. */
  | 'free'
  /** It may be repeated, at the price of load: from the budget. */
  | 'budget'
  | 'never';

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

export function retryVerdict(method: string, attempt: FailedAttempt): RetryVerdict {
  if (attempt.isBodyUsed) return 'never';
  if (!attempt.wasSent) return 'free';
  return IDEMPOTENT.has(method) ? 'budget' : 'never';
}
