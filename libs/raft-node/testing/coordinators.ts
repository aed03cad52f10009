/** Coordinators of a test, in one process on loopback: each with a folder, a door and a group, whose state is a list of texts. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, until } from '@muster/testing';
import type { StateMachine } from '../src/driver/raft-node.js';
import { type GroupOptions, RaftGroup } from '../src/group/raft-group.js';
import { HttpDoor } from './http-door.js';

export class Texts implements StateMachine {
  texts: string[] = [];

  apply(data: Uint8Array): number {
    return this.texts.push(new TextDecoder().decode(data));
  }

  snapshot(): Uint8Array {
    return bytesOf(JSON.stringify(this.texts));
  }

  restore(bytes: Uint8Array): void {
    this.texts = JSON.parse(new TextDecoder().decode(bytes)) as string[];
  }
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

export interface Coordinator {
  readonly nodeId: string;
  readonly door: HttpDoor;
  readonly group: RaftGroup;
  readonly machine: Texts;
  readonly said: string[];
  readonly failures: string[];
}

export class Coordinators {
  readonly running = new Map<string, Coordinator>();
  readonly folder = mkdtempSync(join(tmpdir(), 'muster-group-'));
  /** Of these alone: an address that one of them left may be that of another suite's coordinator by now, which would take in who asks. */
  readonly secret = `of these coordinators: ${randomUUID()}`;
  /** HTTP addresses that discovery knows, of all that ever ran. */
  readonly addresses: string[] = [];

  constructor(private readonly settings: Partial<GroupOptions> = {}) {}

  /** With the disk of that name, whatever is on it, and on ports of its own. */
  async start(nodeId: string, more: Partial<GroupOptions> & { readonly disk?: string } = {}): Promise<Coordinator> {
    const { disk = nodeId, ...options } = more;
    const door = await HttpDoor.open();
    this.addresses.push(door.url);
    const said: string[] = [];
    const failures: string[] = [];
    const machine = new Texts();
    const tell = (_facts: object, text: string): void => void said.push(text);
    const group = await RaftGroup.open(
      {
        nodeId,
        cluster: 'test',
        secret: this.secret,
        tls: null,
        storePath: this.storeOf(disk),
        host: '127.0.0.1',
        // Held, let go and taken again while a group is formed: one that the system gives out might be somebody else's by then.
        port: await freePort(),
        advertiseHost: '127.0.0.1',
        httpUrl: door.url,
        expect: 3,
        discover: () => Promise.resolve([...this.addresses]),
        heartbeatMs: 50,
        electionTimeoutMs: 500,
        promoteAfterMs: 300,
        logger: { debug: tell, info: tell, warn: tell, error: tell },
        onFailed: (text) => failures.push(text),
        ...this.settings,
        ...options,
      },
      machine,
    ).catch(async (error: unknown) => {
      await door.close();
      throw error;
    });
    door.group = group;
    const coordinator = { nodeId, door, group, machine, said, failures };
    this.running.set(nodeId, coordinator);
    return coordinator;
  }

  storeOf(disk: string): string {
    return join(this.folder, disk, 'raft.db');
  }

  wipe(disk: string): void {
    rmSync(join(this.folder, disk), { recursive: true });
  }

  async stop(nodeId: string): Promise<void> {
    const coordinator = this.running.get(nodeId);
    this.running.delete(nodeId);
    await coordinator?.group.stop();
    await coordinator?.door.close();
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.running.keys()].map((nodeId) => this.stop(nodeId)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Each has asked around so many times more. */
  async rounds(count: number): Promise<void> {
    const before = new Map([...this.running].map(([nodeId, { door }]) => [nodeId, door.asked]));
    await until(`${count} rounds`, () => [...this.running].every(([nodeId, { door }]) => door.asked >= (before.get(nodeId) ?? 0) + count * this.running.size));
  }

  leader(): Promise<Coordinator> {
    return until('somebody leads', () => [...this.running.values()].find(({ group }) => group.isLeader()) ?? null);
  }

  /** What whoever leads answers; asked again when that was somebody else by then: what was refused so may be asked again. */
  async atLeader<T>(ask: (leader: Coordinator) => Promise<T>): Promise<T> {
    const { answer } = await until('a leader answers', async () => {
      const leader = await this.leader();
      return ask(leader).then((given) => ({ answer: given }), (error: Error & { readonly code?: string }) => {
        if (error.code === 'not-leader' || error.code === 'lost') return null;
        throw error;
      });
    });
    return answer;
  }

  /** Resolves when it is committed, once. */
  async commit(text: string): Promise<void> {
    await this.atLeader(({ group }) => group.propose(bytesOf(text), 20_000));
  }

  /** Everybody that runs has a vote in one group of so many voters, and knows a leader. */
  async settled(voters: number): Promise<Coordinator> {
    await until(
      `all have a vote in a group of ${voters}`,
      () => [...this.running.values()].every(({ group }) => {
        const { peers, hasQuorum } = group.status();
        return hasQuorum && peers.filter(({ voter }) => voter).length === voters && peers.length === voters && peers.some(({ nodeId, voter }) => nodeId === group.nodeId && voter);
      }),
    );
    return this.leader();
  }

  clusterIds(): (string | null)[] {
    return [...new Set([...this.running.values()].map(({ group }) => group.status().clusterId))];
  }
}
