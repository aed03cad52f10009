/**
 * How many retries are allowed: a share of the requests, never a number per request, so that a sick cluster is not
 * made sicker by everybody asking twice.
 *
 * Only retries that put load on a member belong here. Trying the next member after a refused connection does not.
 */
export interface RetryBudgetConfig {
  /** Retries earned per request. 0..1. Default 0.2. */
  readonly share: number;
  /** Retries that may be saved up, and what a new budget begins with. Count, >= 1. Default 10. */
  readonly savedMax: number;
}

export const RETRY_BUDGET_DEFAULTS: RetryBudgetConfig = { share: 0.2, savedMax: 10 };

export class RetryBudget {
  private saved: number;

  constructor(private readonly config: RetryBudgetConfig = RETRY_BUDGET_DEFAULTS) {
    this.saved = config.savedMax;
  }

  /** Notes a first attempt. */
  request(): void {
    this.saved = Math.min(this.config.savedMax, this.saved + this.config.share);
  }

  /** True and spent, or false and nothing left. */
  takeRetry(): boolean {
    if (this.saved < 1) return false;
    this.saved -= 1;
    return true;
  }

  /** Retries that could be made now. Count. */
  left(): number {
    return Math.floor(this.saved);
  }
}
