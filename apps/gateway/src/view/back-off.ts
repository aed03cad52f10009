/** How long to wait before the next round of attempts: doubling, with a random part so that gateways do not march in step. Pure. */
export interface BackOffConfig {
  /** Wait after the first failed round. Milliseconds, > 0. */
  readonly ms: number;
  /** Longest wait. Milliseconds, >= ms. */
  readonly msMax: number;
}

/** Between half and all of the doubled wait; `random` is 0 ≤ x < 1. */
export function backOffMs(config: BackOffConfig, failedRounds: number, random: number): number {
  const fullMs = Math.min(config.msMax, config.ms * 2 ** Math.min(failedRounds, 30));
  return fullMs / 2 + (fullMs / 2) * random;
}
