/** Three members as processes, on loopback and on this disk, each as a coordinator runs it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { scratchFolder, until } from '@muster/test-cluster';
import { AskedProcess, type Launch } from '@muster/testing';
import type { Order, Said } from './member.js';

const MEMBER = fileURLToPath(new URL('./member.js', import.meta.url));
const START_MS_MAX = 20_000;
const SETTLE_MS_MAX = 60_000;

type OrderOf<K extends Order['kind']> = Omit<Extract<Order, { readonly kind: K }>, 'id'>;

class MemberProcess {
  private readonly process: AskedProcess;
  role = '';
  term = 0;
  address = '';

  constructor(name: string, setup: object, { before, env }: Launch) {
    this.process = AskedProcess.start({ name, args: [MEMBER, JSON.stringify(setup)], before, env, onSaid: (said) => this.hear(said as Said) });
  }

  ask<K extends Order['kind']>(order: OrderOf<K>): Promise<unknown> {
    return this.process.ask(order);
  }

  kill(): Promise<void> {
    return this.process.kill();
  }

  private hear(said: Said): void {
    if ('started' in said) this.address = said.started;
    else if ('role' in said) [this.role, this.term] = [said.role, said.term];
  }
}

export class RaftProcesses {
  readonly ids = ['a', 'b', 'c'] as const;
  readonly folder = scratchFolder('raft');
  private readonly members = new Map<string, MemberProcess>();
  private readonly addresses: Record<string, string> = {};

  /** How each member is started, by id. */
  constructor(private readonly launch: (id: string) => Launch = () => ({ before: [], env: {} })) {}

  async startAll(): Promise<void> {
    for (const id of this.ids) await this.start(id);
    await Promise.all(this.ids.map((id) => this.member(id).ask<'peers'>({ kind: 'peers', addresses: this.addresses })));
    await this.settled();
  }

  async start(id: string): Promise<void> {
    const setup = { nodeId: id, storePath: join(this.folder, id, 'raft.db'), voters: this.ids, addresses: this.addresses };
    const member = new MemberProcess(id, setup, this.launch(id));
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
    await this.member(id).kill();
    this.members.delete(id);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.members.keys()].map((id) => this.kill(id)));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
