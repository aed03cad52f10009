/**
 * Clients that give orders to coordinators and look at what became of them, all the time, and write down what they were answered.
 *
 * The registers are members: one is cordoned or it is not. Any coordinator is asked, also one that is stopped or cut off.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { clusterEventSchema, clusterStatusSchema, isMemberEvent, memberStatusViewSchema, operatorResultSchema, READ_HEADERS } from '@muster/contracts';
import { z } from 'zod';
import type { Operation } from './linearizability/operation.js';

const eventPageSchema = z.object({ events: z.array(clusterEventSchema), nextSince: z.number(), missingUpToIndex: z.number().nullable() });

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

/** Refusals after which an order has certainly not been carried out. */
const NOTHING_DONE = new Set(['NO_QUORUM', 'NO_LEADER', 'NOT_LEADER', 'MEMBER_UNKNOWN']);

interface Answer {
  readonly value: string;
  readonly index: number | null;
}

export class OrderHistory {
  readonly operations: Operation[] = [];
  /** When orders were carried out, and how long each took. Milliseconds. */
  readonly done: { readonly atMs: number; readonly tookMs: number }[] = [];
  /** Orders whose answer was lost, by their mark; what the log says of them decides. */
  private readonly unanswered = new Map<string, Operation>();
  private readonly carriedOut = new Map<string, number>();
  private readUpTo = 0;
  private marks = 0;
  private readonly stopping = new AbortController();
  private readonly running: Promise<unknown>;

  constructor(private readonly options: OrderHistoryOptions) {
    this.running = Promise.all(Array.from({ length: options.clients }, (_, at) => this.work(`client-${at + 1}`, at)));
  }

  /** Reads on in the log of changes, which does not keep them for ever: to be called now and then, at a coordinator that is up to date. */
  async follow(url: string): Promise<void> {
    for (;;) {
      const answer = await fetch(`${url}/cluster/events?format=json&limit=1000&since=${this.readUpTo}`);
      const { events, nextSince, missingUpToIndex } = eventPageSchema.parse(await answer.json());
      if (missingUpToIndex !== null && this.readUpTo > 0) throw new Error(`changes up to ${missingUpToIndex} are no longer kept, and they were read up to ${this.readUpTo}: follow more often`);
      for (const event of events) {
        const mark = isMemberEvent(event) ? /^\w+ by (\S+)$/.exec(event.data.update ?? '')?.[1] : undefined;
        if (mark !== undefined && isMemberEvent(event)) this.carriedOut.set(mark, event.data.member.index);
      }
      if (nextSince === this.readUpTo) return;
      this.readUpTo = nextSince;
    }
  }

  /**
   * Resolves with the history, the log having the last word about orders whose answer was lost: those that are in it count as
   * answered at the end, the others changed nothing.
   */
  async stop(leaderUrl: () => Promise<string>): Promise<readonly Operation[]> {
    this.stopping.abort();
    await this.running;
    await this.follow(await leaderUrl());
    const endMs = performance.now();
    for (const [mark, operation] of this.unanswered) {
      const index = this.carriedOut.get(mark);
      if (index !== undefined) this.operations.push({ ...operation, endMs, index });
    }
    return this.operations;
  }

  private async work(client: string, seat: number): Promise<void> {
    const { urls, keys, paceMs } = this.options;
    for (let count = seat; !this.stopping.signal.aborted; count++) {
      // Each keeps to one coordinator: were it to go round, all of them would soon wait for the one that does not answer.
      const url = urls()[seat % urls().length] ?? '';
      const key = keys[Math.floor(count / 3) % keys.length] ?? '';
      if (count % 2 === 0) await this.write(client, url, key, Math.floor(count / 2) % 2 === 0);
      else await this.read(client, url, key);
      await pause(paceMs);
    }
  }

  private async write(client: string, url: string, key: string, isCordoned: boolean): Promise<void> {
    const startMs = performance.now();
    const operation = { client, key, kind: 'write', value: String(isCordoned), startMs } as const;
    const mark = `${client}-${(this.marks += 1)}`;
    const answer = await this.ask(`${url}/cluster/members/${key}/${isCordoned ? 'cordon' : 'uncordon'}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ by: mark }) });
    if (answer === 'refused') return;
    const endMs = performance.now();
    if (answer === null) {
      this.unanswered.set(mark, { ...operation, endMs: null, index: null });
      return;
    }
    const { index } = operatorResultSchema.parse(answer.body);
    this.operations.push({ ...operation, endMs, index });
    this.done.push({ atMs: endMs, tookMs: endMs - startMs });
  }

  private async read(client: string, url: string, key: string): Promise<void> {
    const startMs = performance.now();
    const answer = await this.ask(`${url}/cluster/members/${key}?consistency=linearizable`, {});
    if (answer === null || answer === 'refused') return;
    const { value, index } = readingOf(answer);
    this.operations.push({ client, key, kind: 'read', value, startMs, endMs: performance.now(), index });
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

function readingOf({ body, headers }: { readonly body: unknown; readonly headers: Headers }): Answer {
  const { marks } = memberStatusViewSchema.parse(body);
  const index = headers.get(READ_HEADERS.index);
  return { value: String(marks.includes('cordoned')), index: index === null ? null : Number(index) };
}

/** Members that a coordinator knows now, as the registers of a history. */
export async function membersOf(url: string): Promise<readonly string[]> {
  const answer = await fetch(`${url}/cluster/status`);
  return Object.keys(clusterStatusSchema.parse(await answer.json()).membership).toSorted();
}
