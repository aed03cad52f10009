/** Three members as processes, on loopback and on this disk, each as a coordinator runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { scratchFolder, until } from '@muster/test-cluster';
import type { Order, Said } from './member.js';

const MEMBER = fileURLToPath(new URL('./member.js', import.meta.url));
const START_MS_MAX = 20_000;
const SETTLE_MS_MAX = 60_000;

type OrderOf<K extends Order['kind']> = Omit<Extract<Order, { readonly kind: K }>, 'id'>;

class MemberProcess {
  private readonly waiting = new Map<number, { readonly done: (value: unknown) => void; readonly failed: (error: Error) => void }>();
  private nextId = 0;
  role = '';
  term = 0;
  address = '';

  constructor(readonly child: ChildProcess) {
    child.on('message', (said: Said) => this.hear(said));
    child.on('exit', () => {
      for (const { failed } of this.waiting.values()) failed(new Error('it ended'));
      this.waiting.clear();
    });
  }

  ask<K extends Order['kind']>(order: OrderOf<K>): Promise<unknown> {
    this.nextId += 1;
    const id = this.nextId;
    return new Promise((done, failed) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) return failed(new Error('it has ended'));
      this.waiting.set(id, { done, failed });
      this.child.send({ ...order, id }, (error) => {
        if (error !== null) failed(error);
      });
    });
  }

  private hear(said: Said): void {
    if ('started' in said) this.address = said.started;
    else if ('role' in said) [this.role, this.term] = [said.role, said.term];
    else if ('id' in said) {
      const waiting = this.waiting.get(said.id);
      this.waiting.delete(said.id);
      if ('error' in said) waiting?.failed(new Error(said.error));
      else waiting?.done(said.value);
    }
  }
}

export class RaftProcesses {
  readonly ids = ['a', 'b', 'c'] as const;
  readonly folder = scratchFolder('raft');
  private readonly members = new Map<string, MemberProcess>();
  private readonly addresses: Record<string, string> = {};

  /** `env` of each member, by id. */
  constructor(private readonly env: (id: string) => Readonly<Record<string, string>> = () => ({})) {}

  async startAll(): Promise<void> {
    for (const id of this.ids) await this.start(id);
    await Promise.all(this.ids.map((id) => this.member(id).ask<'peers'>({ kind: 'peers', addresses: this.addresses })));
    await this.settled();
  }

  async start(id: string): Promise<void> {
    const setup = { nodeId: id, storePath: join(this.folder, id, 'raft.db'), voters: this.ids, addresses: this.addresses };
    const member = new MemberProcess(spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MEMBER, JSON.stringify(setup)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: { ...process.env, ...this.env(id) } }));
    this.members.set(id, member);
    await until(`member ${id} to listen`, START_MS_MAX, () => Promise.resolve(member.address === '' ? undefined : true), 5);
    this.addresses[id] = member.address;
  }

  member(id: string): MemberProcess {
    const found = this.members.get(id);
    if (found === undefined) throw new RangeError(`no member ${id}`);
    return found;
  }

  /** Who leads the latest term, as far as members said; `except` is not asked. */
  leader(except = ''): string | null {
    const leaders = [...this.members].filter(([id, { role }]) => role === 'leader' && id !== except).toSorted(([, a], [, b]) => b.term - a.term);
    return leaders[0]?.[0] ?? null;
  }

  /** All run, one leads, and the others follow it closely: resolves with who leads. */
  settled(): Promise<string> {
    return until('one to lead and the others to follow', SETTLE_MS_MAX, async () => {
      const leader = this.leader();
      return leader !== null && (await this.member(leader).ask<'follows'>({ kind: 'follows' })) === true ? leader : undefined;
    }, 10);
  }

  /** One write, at whoever leads but `except`, again until it is committed. */
  async commit(except = ''): Promise<void> {
    for (;;) {
      const leader = this.leader(except);
      const isDone = leader !== null && (await this.member(leader).ask<'propose'>({ kind: 'propose', bytes: 128, timeoutMs: 5000 }).then(() => true, () => false));
      if (isDone) return;
      await pause(1);
    }
  }

  async kill(id: string): Promise<void> {
    const { child } = this.member(id);
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    this.members.delete(id);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.members.keys()].map((id) => this.kill(id)));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
