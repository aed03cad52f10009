/** A Raft group that leads and agrees as it is told: one object per coordinator, all over one shared world. No sockets, no disk. */
import { randomUUID } from 'node:crypto';
import type { RaftJoin, RaftStatus } from '@muster/contracts';
import type { RaftControl } from '../src/http/raft-control.js';

export class FakeWorld {
  readonly groups = new Map<string, FakeGroup>();
  readonly httpUrls = new Map<string, string>();
  leaderId: string | null = null;
  term = 1;
  index = 10;
  /** What was asked of the group at the leader, oldest first. */
  readonly asked: string[] = [];
  /** What the next request at the group fails with. */
  failure: Error | null = null;

  group(nodeId: string): FakeGroup {
    const group = new FakeGroup(this, nodeId);
    this.groups.set(nodeId, group);
    return group;
  }

  lead(nodeId: string | null): void {
    this.leaderId = nodeId;
    this.term += 1;
  }
}

export const raftUnavailable = (code: string, text: string): Error => Object.assign(new Error(text), { name: 'RaftUnavailable', code });

export class FakeGroup implements RaftControl {
  readonly storeId = randomUUID();
  /** Cut off from the others since so long; null for one that is in touch. Milliseconds. */
  cutOffMs: number | null = null;
  /** Whom it takes for the leader, where that is not the truth. */
  belief: string | null | undefined = undefined;
  reads = 0;
  /** What a handover waits for after the other one leads. */
  beforeTransferred: () => Promise<void> = () => Promise.resolve();

  constructor(
    private readonly world: FakeWorld,
    readonly nodeId: string,
  ) {}

  status(): RaftStatus {
    const { world, nodeId, storeId } = this;
    const hasQuorum = this.cutOffMs === null && world.leaderId !== null;
    const peers = [...world.groups.values()].map((group) => ({ nodeId: group.nodeId, storeId: group.storeId, httpUrl: world.httpUrls.get(group.nodeId) ?? 'http://h:1', raftUrl: 'raft://h:1', voter: true, matchIndex: null, silentMs: null, rttMs: null }));
    const state = this.isLeader() ? 'leader' : 'follower';
    return { cluster: 'test', nodeId, storeId, clusterId: null, state, detail: '', term: world.term, leaderId: this.leader()?.nodeId ?? null, commitIndex: world.index, appliedIndex: world.index, lastIndex: world.index, snapshotIndex: 0, hasQuorum, contactAgeMs: this.cutOffMs ?? 7, peers };
  }

  leader(): { nodeId: string; httpUrl: string } | null {
    const nodeId = this.belief !== undefined ? this.belief : this.cutOffMs === null ? this.world.leaderId : null;
    return nodeId === null ? null : { nodeId, httpUrl: this.world.httpUrls.get(nodeId) ?? 'http://127.0.0.1:1' };
  }

  isLeader(): boolean {
    return this.world.leaderId === this.nodeId;
  }

  read(): Promise<number> {
    this.reads += 1;
    if (this.cutOffMs !== null) return Promise.reject(raftUnavailable('unknown', 'no leader vouched for a read'));
    return Promise.resolve(this.world.index + 5);
  }

  introduce(nonce: string) {
    const body = { cluster: 'test', nodeId: this.nodeId, storeId: this.storeId, clusterId: null, httpUrl: 'http://h:1', raftUrl: 'raft://h:1', expect: 3, promise: null, leaderId: null, leaderHttpUrl: null };
    return { body, signature: `over ${nonce}` };
  }

  async joinNonce(): Promise<string> {
    await this.ask('nonce');
    return `nonce-of-${this.nodeId}-${this.world.asked.length}-0123456789`;
  }

  verify(signature: string, nonce: string, text: string): boolean {
    return signature === `over ${nonce} ${text}`;
  }

  async join(request: RaftJoin, nonce: string) {
    await this.ask(`join ${request.nodeId} with ${nonce}`);
    return { clusterId: randomUUID(), peers: [] };
  }

  addPeer(peer: RaftJoin): Promise<void> {
    return this.ask(`add ${peer.nodeId}`);
  }

  removePeer(nodeId: string): Promise<void> {
    return this.ask(`remove ${nodeId}`);
  }

  replacePeer(oldNodeId: string, by: RaftJoin): Promise<void> {
    return this.ask(`replace ${oldNodeId} by ${by.nodeId}`);
  }

  async transfer(to = 'c3'): Promise<string> {
    await this.ask(`transfer ${to}`);
    this.world.lead(to);
    await this.beforeTransferred();
    return to;
  }

  compact(): Promise<number> {
    return Promise.resolve(this.world.index);
  }

  private ask(what: string): Promise<void> {
    const { failure } = this.world;
    this.world.failure = null;
    if (failure !== null) return Promise.reject(failure);
    if (!this.isLeader()) return Promise.reject(raftUnavailable('not-leader', `'${this.world.leaderId}' leads`));
    this.world.asked.push(`${this.nodeId}: ${what}`);
    return Promise.resolve();
  }
}
