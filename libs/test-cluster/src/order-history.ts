/**
 * Clients that give orders to coordinators and look at what became of them, all the time, and write down what they were answered.
 *
 * The registers are members: one is cordoned or it is not. Any coordinator is asked, also one that is stopped or cut off.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { clusterStatusSchema, memberStatusViewSchema, operatorResultSchema, READ_HEADERS } from '@muster/contracts';
import type { Operation } from '@muster/testing';
import { OrderLedger } from './order-ledger.js';
import { OrderLog } from './order-log.js';
import { until } from './service.js';

/** Refusals after which an order has certainly not been carried out. */
const NOTHING_DONE = new Set(['NO_QUORUM', 'NO_LEADER', 'NOT_LEADER', 'MEMBER_UNKNOWN']);
const FOLLOW_EVERY_MS = 500;
const READ_MS_MAX = 30_000;

export interface OrderHistoryOptions {
  /** Where coordinators answer, asked anew before each request. */
  readonly urls: () => readonly string[];
  /** Members to be cordoned and uncordoned. */
  readonly keys: readonly string[];
  readonly clients: number;
  /** Between two operations of a client. Milliseconds. */
  readonly paceMs: number;
  /** How long an answer is waited for: longer than any harm lasts, since late answers are those that may be stale. Milliseconds. */
  readonly timeoutMs: number;
}

/** Some time of the history, from where nothing was asked to where everything was answered or given up. */
export interface HistoryPiece {
  readonly operations: readonly Operation[];
  /** Orders that the log knows otherwise than those who gave them were told. */
  readonly contradictions: readonly string[];
}

export class OrderHistory {
  /** What was answered since the last cut. */
  private answered: Operation[] = [];
  /** When orders were carried out, and how long each took. Milliseconds. */
  readonly done: { readonly atMs: number; readonly tookMs: number }[] = [];
  private readonly ledger = new OrderLedger();
  private readonly log = new OrderLog(this.ledger);
  private readonly asking = new Set<Promise<void>>();
  private held: PromiseWithResolvers<void> | null = null;
  private marks = 0;
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>;

  constructor(private readonly options: OrderHistoryOptions) {
    const clients = Array.from({ length: options.clients }, (_, at) => this.work(`client-${at + 1}`, at));
    this.running = Promise.all([...clients, this.follow()]);
  }

  /** Place in the log of the order that was carried out last; 0 before any was. */
  get index(): number {
    return this.answered.findLast(({ kind }) => kind === 'write')?.index ?? 0;
  }

  /**
   * Lets clients wait until all that they asked is answered, and resolves with what was since the last cut. The log has the last word about
   * orders whose answer was lost: those that are in it count as answered by now, the others have changed nothing so far.
   */
  async cut(leaderUrl: () => Promise<string>): Promise<HistoryPiece> {
    this.held = Promise.withResolvers();
    try {
      await Promise.all(this.asking);
      await until('the log to be read to its end', READ_MS_MAX, () => leaderUrl().then((url) => this.log.read(url, 'linearizable')).then(() => true));
      const { found, contradictions } = this.ledger.settle(performance.now());
      const operations = [...this.answered, ...found];
      this.answered = [];
      return { operations, contradictions };
    } finally {
      this.held.resolve();
      this.held = null;
    }
  }

  /** The last piece; nothing is asked any more. */
  async stop(leaderUrl: () => Promise<string>): Promise<HistoryPiece> {
    this.stopping.abort();
    await this.running;
    return this.cut(leaderUrl);
  }

  /** The log of changes is read all the time, at whoever answers: it is not kept for ever. */
  private async follow(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      for (const url of this.options.urls()) await this.log.read(url, 'stale').catch(() => undefined);
      await pause(FOLLOW_EVERY_MS);
    }
  }

  private async work(client: string, seat: number): Promise<void> {
    const { urls, keys, paceMs } = this.options;
    for (let count = seat; !this.stopping.signal.aborted; count++) {
      while (this.held !== null) await this.held.promise;
      // Each keeps to one coordinator: were it to go round, all of them would soon wait for the one that does not answer.
      const url = urls()[seat % urls().length] ?? '';
      const key = keys[Math.floor(count / 3) % keys.length] ?? '';
      const turn = count % 2 === 0 ? this.write(client, url, key, Math.floor(count / 2) % 2 === 0) : this.read(client, url, key);
      this.asking.add(turn);
      await turn;
      this.asking.delete(turn);
      await pause(paceMs);
    }
  }

  private async write(client: string, url: string, key: string, isCordoned: boolean): Promise<void> {
    const startMs = performance.now();
    const operation = { client, key, kind: 'write', value: String(isCordoned), startMs } as const;
    const mark = `${client}-${(this.marks += 1)}`;
    const answer = await this.ask(`${url}/cluster/members/${key}/${isCordoned ? 'cordon' : 'uncordon'}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ by: mark }) });
    if (answer === 'refused') return this.ledger.refused(mark);
    const endMs = performance.now();
    if (answer === null) return this.ledger.unanswered(mark, { ...operation, endMs: null, index: null });
    const { index, changed } = operatorResultSchema.parse(answer.body);
    this.ledger.acknowledged(mark, changed ? index : null);
    this.answered.push({ ...operation, endMs, index });
    this.done.push({ atMs: endMs, tookMs: endMs - startMs });
  }

  private async read(client: string, url: string, key: string): Promise<void> {
    const startMs = performance.now();
    const answer = await this.ask(`${url}/cluster/members/${key}?consistency=linearizable`, {});
    if (answer === null || answer === 'refused') return;
    const { value, index } = readingOf(answer);
    this.answered.push({ client, key, kind: 'read', value, startMs, endMs: performance.now(), index });
  }

  /** Null: nobody knows what became of it. */
  private async ask(url: string, init: RequestInit): Promise<{ readonly body: unknown; readonly headers: Headers } | 'refused' | null> {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(this.options.timeoutMs) });
      const body: unknown = await response.json();
      if (response.ok) return { body, headers: response.headers };
      return NOTHING_DONE.has(String((body as { code?: unknown }).code)) ? 'refused' : null;
    } catch {
      return null;
    }
  }
}

function readingOf({ body, headers }: { readonly body: unknown; readonly headers: Headers }): { readonly value: string; readonly index: number | null } {
  const { marks } = memberStatusViewSchema.parse(body);
  const index = headers.get(READ_HEADERS.index);
  return { value: String(marks.includes('cordoned')), index: index === null ? null : Number(index) };
}

/** Members that a coordinator knows now, as the registers of a history. */
export async function membersOf(url: string): Promise<readonly string[]> {
  const answer = await fetch(`${url}/cluster/status`);
  return Object.keys(clusterStatusSchema.parse(await answer.json()).membership).toSorted();
}
