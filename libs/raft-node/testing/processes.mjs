/** Starts members of a Raft group as processes of their own, and speaks with them. For tests and for scripts that measure. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MEMBER = fileURLToPath(new URL('./member.mjs', import.meta.url));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
/** Keeps no process alive. */
const deadline = (ms) => new Promise((done) => setTimeout(() => done(null), ms).unref());

export class Processes {
  constructor(ids, settings = {}) {
    this.ids = ids;
    this.settings = settings;
    this.folder = mkdtempSync(join(tmpdir(), 'muster-raft-'));
    this.members = new Map();
    this.addresses = new Map();
    /** How a member is started, where that is not the usual way: by id. */
    this.launches = new Map();
    /** What members said when they could not go on. */
    this.failures = new Map();
  }

  /** All of them, as the first members of a group. */
  async startAll() {
    for (const id of this.ids) await this.start(id, { voters: this.ids.toSorted(), outgoing: [], learners: [] });
    for (const id of this.ids) await this.call(id, 'peers', this.peers());
  }

  /** With the store that it had; with addresses of the others as they were when it starts. */
  async start(id, found = null) {
    const setup = { nodeId: id, clusterId: 'test', secret: 's', storePath: join(this.folder, id, 'raft.db'), host: '127.0.0.1', port: 0, peers: this.peers(), found, ...this.settings };
    const { command, env } = this.launches.get(id) ?? { command: [], env: {} };
    const [program, ...args] = [...command, process.execPath, MEMBER, JSON.stringify(setup)];
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { ...process.env, NODE_NO_WARNINGS: '1', NODE_OPTIONS: '', ...env } });
    const member = { child, waiting: new Map(), nextId: 0, role: null };
    await new Promise((done, failed) => {
      child.on('message', (message) => {
        if (message.started !== undefined) {
          this.addresses.set(id, message.started.address);
          done();
        } else if (message.role !== undefined) {
          member.role = message.role;
        } else if (message.failed !== undefined) {
          this.failures.set(id, message.failed);
          failed(new Error(message.failed));
        } else {
          const waiting = member.waiting.get(message.id);
          member.waiting.delete(message.id);
          if (message.error === undefined) waiting?.done(message.value);
          else waiting?.failed(Object.assign(new Error(message.error), { code: message.code, leaderId: message.leaderId }));
        }
      });
      child.on('exit', () => {
        failed(new Error(`${id} ended`));
        for (const waiting of member.waiting.values()) waiting.failed(new Error(`${id} ended`));
        if (this.members.get(id) === member) this.members.delete(id);
      });
    });
    this.members.set(id, member);
  }

  peers() {
    return { peers: [...this.addresses].map(([nodeId, address]) => ({ nodeId, address, storeId: null })), removedStoreIds: [] };
  }

  isRunning(id) {
    return this.members.has(id);
  }

  call(id, call, ...args) {
    const member = this.members.get(id);
    if (member === undefined) return Promise.reject(new Error(`${id} does not run`));
    member.nextId += 1;
    const { nextId } = member;
    return new Promise((done, failed) => {
      member.waiting.set(nextId, { done, failed });
      member.child.send({ id: nextId, call, args });
    });
  }

  signal(id, name) {
    return new Promise((done) => {
      const { child } = this.members.get(id);
      if (name === 'SIGKILL') child.once('exit', done);
      else done();
      child.kill(name);
    });
  }

  /** Who leads the latest term, as far as the members said. */
  leader() {
    const leaders = [...this.members].filter(([, { role }]) => role?.role === 'leader').sort(([, a], [, b]) => b.role.term - a.role.term);
    return leaders[0]?.[0] ?? null;
  }

  /** Proposes until somebody commits it. */
  async commit(text, limitMs = 20_000) {
    const endMs = performance.now() + limitMs;
    for (;;) {
      const leader = this.leader();
      const done = leader === null ? null : await Promise.race([this.call(leader, 'propose', text, 1000).catch(() => null), deadline(1000)]);
      if (done !== null) return { ...done, by: leader };
      if (performance.now() > endMs) throw new Error(`'${text}' was not committed within ${limitMs} ms`);
      await sleep(5);
    }
  }

  async stopAll() {
    for (const id of this.members.keys()) await this.signal(id, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
