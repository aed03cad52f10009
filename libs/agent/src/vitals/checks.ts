/**
 * Runs the checks that the application registered, each under a time limit, never two runs of one check at once.
 *
 * A beat takes the results that are there; it never waits for a check. What a result does to the health score is
 * decided elsewhere.
 */
import { inspect } from 'node:util';
import type { CheckResult } from '@muster/contracts';

export type CheckOutcome = boolean | { readonly ok: boolean; readonly detail?: string };
export type CheckFunction = () => CheckOutcome | Promise<CheckOutcome>;

/** What a beat can carry. */
const CHECK_COUNT_MAX = 32;
const NAME_LENGTH_MAX = 64;
const DETAIL_LENGTH_MAX = 256;

interface Check {
  readonly name: string;
  readonly timeLimitMs: number;
  readonly run: CheckFunction;
  isRunning: boolean;
  result: CheckResult | null;
}

export class Checks {
  private readonly checks = new Map<string, Check>();

  /** Returns a function that takes the check away again. */
  register(name: string, run: CheckFunction, timeLimitMs: number): () => void {
    if (name === '' || name.length > NAME_LENGTH_MAX) throw new Error(`check name '${name}' has ${name.length} characters: give it 1 to ${NAME_LENGTH_MAX}`);
    if (!(timeLimitMs > 0)) throw new Error(`the time limit of check '${name}' is ${timeLimitMs} ms: give it more than 0`);
    if (this.checks.has(name)) throw new Error(`a check named '${name}' is registered already: choose another name, or unregister the first`);
    if (this.checks.size >= CHECK_COUNT_MAX) throw new Error(`check '${name}' is one too many: a beat carries at most ${CHECK_COUNT_MAX}`);
    const check: Check = { name, timeLimitMs, run, isRunning: false, result: null };
    this.checks.set(name, check);
    return () => {
      if (this.checks.get(name) === check) this.checks.delete(name);
    };
  }

  /** Starts every check that is not still running; returns at once. */
  runAll(): void {
    for (const check of this.checks.values()) if (!check.isRunning) void runOnce(check);
  }

  /** The latest results; a check that has not finished its first run is not among them. */
  results(): CheckResult[] {
    return [...this.checks.values()].flatMap((check) => (check.result === null ? [] : [check.result]));
  }
}

/** Never rejects. A check that hangs stays marked as running, so that hung runs cannot pile up. */
async function runOnce(check: Check): Promise<void> {
  check.isRunning = true;
  const limit = setTimeout(() => {
    check.result = resultOf(check.name, { ok: false, detail: `no answer within ${check.timeLimitMs} ms` });
  }, check.timeLimitMs);
  limit.unref();
  const startedMs = performance.now();
  let outcome: CheckOutcome;
  try {
    outcome = await check.run();
  } catch (error) {
    outcome = { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
  clearTimeout(limit);
  check.isRunning = false;
  // An answer past its limit is not used: the run after it shows whether the check got well.
  if (performance.now() - startedMs <= check.timeLimitMs) check.result = resultOf(check.name, outcome);
}

/** What came out of somebody else's code may be anything: a result that no coordinator reads would silence the whole node. */
function resultOf(name: string, outcome: unknown): CheckResult {
  if (typeof outcome === 'boolean') return { name, ok: outcome };
  const { ok, detail } = Object(outcome) as { readonly ok?: unknown; readonly detail?: unknown };
  if (typeof ok !== 'boolean') return resultOf(name, { ok: false, detail: `the check returned ${inspect(outcome)}: it must return true, false or { ok, detail }` });
  return detail === undefined || detail === null ? { name, ok } : { name, ok, detail: (typeof detail === 'string' ? detail : inspect(detail)).slice(0, DETAIL_LENGTH_MAX) };
}
