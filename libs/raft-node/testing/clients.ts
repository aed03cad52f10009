/** Clients that write and read registers of a group, each its own way, and note what they asked and were answered. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Operation } from '@muster/testing';
import type { Processes } from './processes.js';

/** A process that stands still keeps no deadline: the client gives up by itself. */
const ANSWER_MS_MAX = 500;
/** After these nothing happened. Everything else, a killed process too, leaves it open. */
const DID_NOT_HAPPEN = ['not-leader', 'busy', 'refused', 'lost'];

export class Clients {
  readonly history: Operation[] = [];
  private isOver = false;
  private readonly running: Promise<void>[];
  private values = 0;

  constructor(
    private readonly group: Processes,
    count: number,
    private readonly keys: readonly string[],
  ) {
    this.running = Array.from({ length: count }, (_, position) => this.run(`client-${position}`, position));
  }

  answered(): number {
    return this.history.filter(({ endMs }) => endMs !== null).length;
  }

  async stop(): Promise<readonly Operation[]> {
    this.isOver = true;
    await Promise.all(this.running);
    return this.history;
  }

  private async run(client: string, position: number): Promise<void> {
    for (let turn = position; !this.isOver; turn++) {
      const key = this.keys[turn % this.keys.length] ?? '';
      if (turn % 3 === 0) await this.write(client, key);
      // Anywhere: what a follower answers, or one that was deposed, has to be right as well.
      else await this.read(client, key, this.group.ids[turn % this.group.ids.length] ?? '');
      await pause(2);
    }
  }

  private async write(client: string, key: string): Promise<void> {
    const leader = this.group.leader();
    if (leader === null) return;
    const value = `v${(this.values += 1)}`;
    const startMs = performance.now();
    const note = (endMs: number | null, index: number | null): void => void this.history.push({ client, key, kind: 'write', value, startMs, endMs, index });
    await inTime(this.group.call(leader, 'propose', `${key}=${value}`, ANSWER_MS_MAX)).then(
      ({ index }) => note(performance.now(), index),
      ({ code }: { readonly code?: string }) => {
        if (!DID_NOT_HAPPEN.includes(code ?? '')) note(null, null);
      },
    );
  }

  private async read(client: string, key: string, at: string): Promise<void> {
    const startMs = performance.now();
    await inTime(this.group.call(at, 'get', key, ANSWER_MS_MAX)).then(
      ({ index, value }) => void this.history.push({ client, key, kind: 'read', value, startMs, endMs: performance.now(), index }),
      // One that was not answered says nothing.
      () => {},
    );
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const giveUp = new AbortController();
  const late = pause(ANSWER_MS_MAX, null, { signal: giveUp.signal }).then(() => {
    throw new Error('no answer in time');
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    giveUp.abort();
    late.catch(() => {});
  }
}
