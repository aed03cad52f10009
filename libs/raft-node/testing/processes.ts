/** Members of a Raft group as processes of their own: started, asked, stopped and killed. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AskedProcess, type Launch, until } from '@muster/testing';
import type { AgedPulse, NodeStatus, Peers, Role } from '../src/index.js';

/** Refusals after which nothing has happened, so that it may be asked again. */
const NOTHING_HAPPENED = ['not-leader', 'lost', 'busy'];
/** An answer of a member that runs: longer than a disk or a machine stands still. */
const ANSWER_MS_MAX = 20_000;
const MEMBER = fileURLToPath(new URL('./member.mjs', import.meta.url));

/** What a member can be asked, and what it answers. */
interface Calls {
  propose(text: string, timeoutMs: number): { readonly index: number; readonly term: number; readonly result: number };
  read(timeoutMs: number): { readonly index: number; readonly texts: readonly string[] };
  /** The last text `<key>=<value>`, as it is when everything is applied that was committed when it was asked. */
  get(key: string, timeoutMs: number): { readonly index: number; readonly value: string | null };
  status(): NodeStatus;
  pulse(): AgedPulse;
  transfer(to: string, timeoutMs: number): void;
  change(change: object, timeoutMs: number): void;
  compact(): void;
  /** Keeps the main thread busy. */
  block(ms: number): void;
  peers(peers: Peers): void;
}

interface Said {
  readonly started?: { readonly address: string };
  readonly role?: Role;
  readonly failed?: string;
}

interface Member {
  readonly process: AskedProcess;
  role: Role | null;
}

export class Processes {
  readonly folder = mkdtempSync(join(tmpdir(), 'muster-raft-'));
  /** Of these alone: an address that one of them left may be that of another suite's member by now. */
  private readonly secret = randomUUID();
  /** How a member is started, where that is not the usual way: by id. */
  readonly launches = new Map<string, Launch>();
  /** What members said when they could not go on. */
  readonly failures = new Map<string, string>();
  private readonly members = new Map<string, Member>();
  private readonly addresses = new Map<string, string>();

  /** `settings`: of every member that is started from then on, beside those of the test. */
  constructor(
    readonly ids: readonly string[],
    readonly settings: Record<string, unknown> = {},
  ) {}

  /** All of them, as the first members of a group. */
  async startAll(): Promise<void> {
    for (const id of this.ids) await this.start(id, { voters: this.ids.toSorted(), outgoing: [], learners: [] });
    for (const id of this.ids) await this.call(id, 'peers', this.peers());
  }

  /** With the store that it had; with addresses of the others as they were when it starts. */
  async start(id: string, found: object | null = null): Promise<void> {
    const setup = { nodeId: id, clusterId: 'test', secret: this.secret, storePath: join(this.folder, id, 'raft.db'), host: '127.0.0.1', port: 0, peers: this.peers(), found, ...this.settings };
    let isStarted = false;
    const process = AskedProcess.start({
      name: id,
      args: [MEMBER, JSON.stringify(setup)],
      ...this.launches.get(id),
      onSaid: ({ started, role, failed }: Said) => {
        if (started !== undefined) this.addresses.set(id, started.address);
        if (role !== undefined) member.role = role;
        if (failed !== undefined) this.failures.set(id, failed);
        isStarted ||= started !== undefined;
      },
    });
    const member: Member = { process, role: null };
    try {
      await until(`${id} to listen`, () => {
        if (!process.isRunning) throw new Error(`${id} ended: ${this.failures.get(id) ?? 'it did not say why'}`);
        return isStarted;
      });
    } catch (error) {
      await process.kill();
      throw error;
    }
    this.members.set(id, member);
  }

  peers(): Peers {
    return { peers: [...this.addresses].map(([nodeId, address]) => ({ nodeId, address, storeId: null })), removedStoreIds: [] };
  }

  isRunning(id: string): boolean {
    return this.members.get(id)?.process.isRunning === true;
  }

  async call<K extends keyof Calls>(id: string, call: K, ...args: Parameters<Calls[K]>): Promise<ReturnType<Calls[K]>> {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`${id} does not run`);
    return (await member.process.ask({ call, args })) as ReturnType<Calls[K]>;
  }

  /** SIGKILL resolves when the member is gone. */
  async signal(id: string, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const process = this.members.get(id)?.process;
    if (name === 'SIGKILL') await process?.kill();
    else process?.signal(name);
  }

  /** Who leads the latest term, as far as the members said. */
  leader(): string | null {
    const leaders = [...this.members].flatMap(([id, { process, role }]) => (process.isRunning && role?.role === 'leader' ? [{ id, term: role.term }] : []));
    return leaders.toSorted((a, b) => b.term - a.term)[0]?.id ?? null;
  }

  /** Asks whoever leads, and again while that was somebody else by then; of what it leads to nothing happens twice. No leader may be stopped meanwhile. */
  async atLeader<T>(what: string, ask: (leader: string) => Promise<T>): Promise<T> {
    const { answer } = await until(what, async () => {
      const leader = this.leader();
      if (leader === null) return null;
      return ask(leader).then((given) => ({ answer: given }), (error: Error & { readonly code?: string }) => {
        if (NOTHING_HAPPENED.includes(error.code ?? '')) return null;
        throw error;
      });
    });
    return answer;
  }

  /** Proposes until somebody commits it, once. */
  commit(text: string): Promise<{ readonly index: number; readonly term: number; readonly by: string }> {
    return this.atLeader(`'${text}' to be committed`, async (leader) => ({ ...(await this.call(leader, 'propose', text, ANSWER_MS_MAX)), by: leader }));
  }

  /** Whoever leads hands over, as often as it takes until that one leads: a busy machine may elect others in between. */
  async handTo(to: string): Promise<void> {
    await until(`${to} leads`, async () => {
      const from = await until('somebody leads', () => this.leader());
      if (from !== to) await this.call(from, 'transfer', to, 10_000).catch(() => {});
      return this.leader() === to;
    });
  }

  async stopAll(): Promise<void> {
    for (const { process } of this.members.values()) await process.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
