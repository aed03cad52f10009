/**
 * Questions that the view cannot answer, passed on to a coordinator that can: surer answers, and why and when members changed.
 *
 * Asks the one that is followed first, then the others; whoever cannot answer now is passed over. Only questions: whatever changes something
 * is told to a coordinator by whoever may.
 */
import type { Readable } from 'node:stream';
import { READ_HEADERS } from '@muster/contracts';
import { AppError } from '@muster/observability';
import { Counter, type Registry } from 'prom-client';
import { Agent, type Dispatcher } from 'undici';

export interface CoordinatorReadsOptions {
  /** Base URLs, each with a slash at its end, the most promising first. */
  readonly coordinators: () => readonly string[];
  readonly metrics: Registry;
}

export interface CoordinatorAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/** Longest wait for a connection, and for the head of an answer. Milliseconds. */
const CONNECT_MS_MAX = 1000;
const HEAD_MS_MAX = 3000;
/** Longest pause within an answer. Milliseconds. */
const BODY_MS_MAX = 10_000;
/** Questions under way at once. Count. */
const UNDERWAY_MAX = 100;
/** Coordinators that one question is put to. Count. */
const ATTEMPTS_MAX = 5;
/** Says that another coordinator may know. */
const NOT_NOW = new Set([502, 503, 504]);
const PASSED_ON = ['content-type', 'retry-after', ...Object.values(READ_HEADERS)];

export class CoordinatorReads {
  private readonly agent = new Agent({ connect: { timeout: CONNECT_MS_MAX }, headersTimeout: HEAD_MS_MAX, bodyTimeout: BODY_MS_MAX, connections: 16 });
  private readonly outcomes: Counter<'outcome'>;
  private underway = 0;

  constructor(private readonly options: CoordinatorReadsOptions) {
    this.outcomes = new Counter({ name: 'gateway_coordinator_reads_total', help: 'Questions that were passed on to coordinators: answered, retried at another one, not answered by any, refused as too many', labelNames: ['outcome'], registers: [options.metrics] });
  }

  /** `path` begins with a slash and holds the query. Throws an `AppError` when no coordinator says anything. */
  async ask(path: string): Promise<CoordinatorAnswer> {
    if (this.underway >= UNDERWAY_MAX) {
      this.outcomes.inc({ outcome: 'refused' });
      throw new AppError('GATEWAY_OVERLOADED', `${this.underway} questions to coordinators are under way, at most ${UNDERWAY_MAX} are taken: try again in a second`, { statusCode: 503 });
    }
    this.underway += 1;
    try {
      return await this.askInTurn(path);
    } finally {
      this.underway -= 1;
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  /** When nobody can answer, what the last one said who said anything. */
  private async askInTurn(path: string): Promise<CoordinatorAnswer> {
    let refusal: Dispatcher.ResponseData | null = null;
    let fault = 'none is known';
    for (const base of this.options.coordinators().slice(0, ATTEMPTS_MAX)) {
      const answer = await this.tryOne(base, path);
      if (!(answer instanceof Error) && !NOT_NOW.has(answer.statusCode)) {
        refusal?.body.destroy();
        this.outcomes.inc({ outcome: 'answered' });
        return passedOn(answer);
      }
      this.outcomes.inc({ outcome: 'retried' });
      if (answer instanceof Error) fault = `${new URL(base).origin}: ${answer.message}`;
      else {
        refusal?.body.destroy();
        refusal = answer;
      }
    }
    this.outcomes.inc({ outcome: 'unanswered' });
    if (refusal !== null) return passedOn(refusal);
    throw new AppError('NO_COORDINATOR', `no coordinator answers (${fault}): try again in a second, or leave out consistency for what this gateway knows`, { statusCode: 503 });
  }

  private async tryOne(base: string, path: string): Promise<Dispatcher.ResponseData | Error> {
    const { origin, pathname } = new URL(base);
    try {
      const answer = await this.agent.request({ origin, path: pathname.replace(/\/$/, '') + path, method: 'GET', headers: { accept: 'application/json' } });
      // One that is let go unread may still break off, which is nobody's fault by then.
      answer.body.on('error', () => {});
      return answer;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

function passedOn({ statusCode, headers, body }: Dispatcher.ResponseData): CoordinatorAnswer {
  const kept = PASSED_ON.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]] as const] : []));
  return { statusCode, headers: Object.fromEntries(kept), body };
}
