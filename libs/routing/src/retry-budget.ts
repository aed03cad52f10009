/**
 * How many retries are allowed: a share of the recent requests, never a number per request, so that a sick service is
 * not made sicker by everybody asking twice.
 *
 * Only retries that put load on a member belong here. Trying the next member after a refused connection does not. The
 * share is reckoned over a window of time, because a member that dies takes all requests in its hands with it at once:
 * a budget that only trickles would refuse just those.
 */
export interface RetryBudgetConfig {
  /** Retries per request within the window. 0..1. Default 0.2. Raising it saves more requests and loads sick services more. */
  readonly share: number;
  /** Retries that are allowed in a window however few requests there were. Count, >= 0. Default 10. */
  readonly retryCountMin: number;
  /** Time over which requests and retries are counted. Milliseconds, > 0. Default 10000. */
  readonly windowMs: number;
}

export const RETRY_BUDGET_DEFAULTS: RetryBudgetConfig = { share: 0.2, retryCountMin: 10, windowMs: 10_000 };

/** The window moves on in steps of a tenth. */
const STEP_COUNT = 10;

interface Step {
  readonly index: number;
  requests: number;
  retries: number;
}

export class RetryBudget {
  /** Oldest first, at most one per step of the window. */
  private steps: Step[] = [];

  constructor(private readonly config: RetryBudgetConfig = RETRY_BUDGET_DEFAULTS) {}

  /** Notes a first attempt. */
  request(nowMs: number): void {
    this.stepAt(nowMs).requests += 1;
  }

  /** True and spent, or false and nothing left. */
  takeRetry(nowMs: number): boolean {
    const step = this.stepAt(nowMs);
    if (this.left(nowMs) < 1) return false;
    step.retries += 1;
    return true;
  }

  /** Retries that could be made now. Count. */
  left(nowMs: number): number {
    this.stepAt(nowMs);
    let [requests, retries] = [0, 0];
    for (const step of this.steps) {
      requests += step.requests;
      retries += step.retries;
    }
    return Math.max(0, Math.floor(this.config.retryCountMin + this.config.share * requests - retries));
  }

  private stepAt(nowMs: number): Step {
    const index = Math.floor((nowMs * STEP_COUNT) / this.config.windowMs);
    const latest = this.steps.at(-1);
    if (latest?.index === index) return latest;
    const step = { index, requests: 0, retries: 0 };
    this.steps = [...this.steps.filter((one) => one.index > index - STEP_COUNT), step];
    return step;
  }
}
