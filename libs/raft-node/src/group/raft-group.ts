/**
 * A coordinator's place in its Raft group: forms or joins it, keeps the directory of members, and gives the application its log.
 *
 * Wiring only: who may found is `formation.ts`, who belongs `directory.ts`, what a leader has to do for that `duties.ts`.
 */
import type { Logger, RaftIntroduction, RaftJoin, RaftJoinAnswer, RaftStatus } from '@muster/contracts';
import { monotonicMs } from '../driver/monotonic.js';
import type { Role } from '../driver/messages.js';
import { RaftUnavailable } from '../driver/raft-errors.js';
import type { Applied, StateMachine } from '../driver/raft-node.js';
import { RaftStore } from '../store/raft-store.js';
import type { TlsOptions } from '../transport/channel.js';
import { type Newcomer, peerNamed } from './directory.js';
import { PART_BYTES } from './assembly.js';
import { applicationEntry } from './envelope.js';
import { Forming, NO_FORMATION } from './forming.js';
import { statusBefore, statusOf } from './group-status.js';
import { patienceWith } from './in-touch.js';
import { Introductions } from './introductions.js';
import { JoinNonces, redemptionTrouble } from './join-nonces.js';
import { Member, noCounters } from './member.js';
import { Orders } from './orders.js';
import { PortHold } from './port-hold.js';
import { LargeCommands } from './propose-in-parts.js';
import { isSigned, signatureOf } from './signature.js';

export interface GroupOptions {
  readonly nodeId: string;
  readonly cluster: string;
  readonly secret: string;
  readonly tls: TlsOptions | null;
  readonly storePath: string;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Others reach our Raft port under this host and the port that is listened on. */
  readonly advertiseHost: string;
  readonly httpUrl: string;
  /** Coordinators that found the group together. Count. */
  readonly expect: number;
  /** Where coordinators answer HTTP, ours may be among them. */
  readonly discover: () => Promise<readonly string[]>;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  /** Applied entries after which a snapshot is made. Count. */
  readonly snapshotEntries?: number;
  /** Entries kept before a snapshot. Count. */
  readonly keepEntries?: number;
  /** How long a newcomer has to keep up before it gets a vote. Default 2000 ms. */
  readonly promoteAfterMs?: number;
  /** Longest command of the application. Bytes. Default 256 MiB. */
  readonly commandBytesMax?: number;
  readonly logger: Logger;
  readonly onRole?: (role: Role) => void;
  readonly onFailed: (text: string) => void;
}

export interface Introduced {
  readonly body: RaftIntroduction;
  /** Over the nonce and `JSON.stringify(body)`. */
  readonly signature: string;
}

const COMMAND_BYTES_MAX = 256 * 1024 * 1024;

/** All count from the start of this member, but for `diskFreeBytes`, which is NaN while it is not known. The names are always the same. */
export type GroupCounters = Readonly<Record<string, number>>;

export class RaftGroup {
  private readonly ending = new AbortController();
  private readonly introductions: Introductions;
  private readonly joinNonces = new JoinNonces();
  private readonly large = new LargeCommands();
  private member: Member | null = null;
  private orders: Orders | null = null;
  private forming: Forming | null = null;
  private work: Promise<void> = Promise.resolve();
  private failure: string | null = null;

  private constructor(
    private readonly options: GroupOptions,
    private readonly machine: StateMachine,
    private readonly self: RaftJoin,
    private readonly hold: PortHold,
  ) {
    this.introductions = new Introductions(options.secret, options.discover);
  }

  /** Opens the store and begins: goes on with its group, or forms or joins one in the background. Throws `StoreDamaged`, `StoreUnusable`, or that the port is in use. */
  static async open(options: GroupOptions, machine: StateMachine): Promise<RaftGroup> {
    const { cluster, nodeId, httpUrl, advertiseHost } = options;
    const store = RaftStore.open(options.storePath);
    let hold: PortHold | null = null;
    try {
      hold = await PortHold.take(options.host, options.port);
      const host = advertiseHost.includes(':') && !advertiseHost.startsWith('[') ? `[${advertiseHost}]` : advertiseHost;
      const { storeId, clusterId } = store.identity;
      const group = new RaftGroup(options, machine, { cluster, nodeId, storeId, httpUrl, raftUrl: `raft://${host}:${hold.port}` }, hold);
      if (clusterId === null) group.form(store);
      else await group.belong(store, clusterId, []);
      return group;
    } catch (error) {
      store.close();
      await hold?.release();
      throw error;
    }
  }

  get nodeId(): string {
    return this.options.nodeId;
  }

  get storeId(): string {
    return this.self.storeId;
  }

  /** Synchronous, at most 100 ms old; ages grow by the clock. */
  status(): RaftStatus {
    const { member, forming, failure } = this;
    if (member === null) return statusBefore(this.self, failure === null ? (forming?.state ?? 'forming') : 'shutdown', failure ?? forming?.detail ?? '');
    const { clusterId, directory, node, removed } = member;
    const status = statusOf(this.self, { clusterId, directory, pulse: node.pulse(), appliedIndex: node.applied, removed, nowMs: monotonicMs() });
    return failure === null ? status : { ...status, state: 'shutdown', detail: failure, leaderId: null, hasQuorum: false };
  }

  leader(): { readonly nodeId: string; readonly httpUrl: string } | null {
    const { member } = this;
    const leaderId = member?.node.role.leaderId ?? null;
    if (member === null || leaderId === null || this.failure !== null) return null;
    if (leaderId === this.self.nodeId) return { nodeId: leaderId, httpUrl: this.self.httpUrl };
    const peer = peerNamed(member.directory, leaderId);
    return peer === null ? null : { nodeId: leaderId, httpUrl: member.httpUrlOf(peer) };
  }

  isLeader(): boolean {
    return this.failure === null && this.member?.node.role.role === 'leader';
  }

  /** Resolves when it is committed and was applied here. Rejects with `RaftUnavailable`: `refused` when it is too long. */
  async propose(data: Uint8Array, timeoutMs?: number): Promise<Applied> {
    const { node } = this.present();
    const { commandBytesMax = COMMAND_BYTES_MAX } = this.options;
    if (data.byteLength > commandBytesMax) throw new RaftUnavailable('refused', `it has ${data.byteLength} bytes, and at most ${commandBytesMax} are agreed on at once`);
    return data.byteLength > PART_BYTES ? this.large.propose(() => this.present().node, data, timeoutMs) : node.propose(applicationEntry(data), timeoutMs);
  }

  /** Resolves with an index that is applied here, and everything with it that anybody was told before. */
  async read(timeoutMs?: number): Promise<number> {
    return this.present().node.read(timeoutMs);
  }

  introduce(nonce: string): Introduced {
    const { nodeId, storeId, cluster, httpUrl, raftUrl } = this.self;
    const leader = this.leader();
    const body: RaftIntroduction = {
      cluster,
      nodeId,
      storeId,
      clusterId: this.member?.clusterId ?? null,
      httpUrl,
      raftUrl,
      expect: this.options.expect,
      promise: this.member === null ? (this.forming?.promise ?? null) : null,
      leaderId: leader?.nodeId ?? null,
      leaderHttpUrl: leader?.httpUrl ?? null,
    };
    return { body, signature: signatureOf(this.options.secret, 'introduction', nonce, JSON.stringify(body)) };
  }

  /** At the leader: what a wish to join has to be signed over. Rejects elsewhere with `not-leader`. */
  async joinNonce(): Promise<string> {
    this.leading();
    return this.joinNonces.issue(monotonicMs());
  }

  /** Whether the body of `POST /raft/join` comes from somebody who knows the secret; whether it is a wish of now, only the leader knows. */
  verify(signature: string, nonce: string, text: string): boolean {
    return isSigned(signature, this.options.secret, 'join', nonce, text);
  }

  /**
   * At the leader; elsewhere rejects with `not-leader`. What was asked is verified, and uses up its nonce: `busy` when that is none that can be used,
   * and nothing happened. The caller learns who belongs before it does itself.
   */
  async join(request: RaftJoin, nonce: string): Promise<RaftJoinAnswer> {
    const orders = this.leading();
    const redemption = this.joinNonces.redeem(nonce, monotonicMs());
    if (redemption !== 'accepted') throw new RaftUnavailable('busy', `the wish of '${request.nodeId}' to join is not taken: ${redemptionTrouble(redemption)}`);
    return orders.join(request);
  }

  async addPeer(peer: RaftJoin): Promise<void> {
    await this.leading().join(peer);
  }

  /** Resolves once it has no vote and its store will never be let in again. */
  async removePeer(nodeId: string): Promise<void> {
    return this.leading().remove(nodeId);
  }

  /** Resolves once the new one has the vote of the old one. */
  async replacePeer(oldNodeId: string, by: RaftJoin): Promise<void> {
    return this.leading().replace(oldNodeId, by);
  }

  /** Resolves with who leads then; without `to` the most up-to-date voter. */
  async transfer(to?: string): Promise<string> {
    return this.leading().transfer(to);
  }

  /** Makes a snapshot now and resolves with its index. */
  async compact(): Promise<number> {
    return this.present().node.compact();
  }

  counters(): GroupCounters {
    return { ...(this.forming?.counts ?? NO_FORMATION), ...(this.member?.counters() ?? noCounters()), ...this.joinNonces.counts };
  }

  /** Without handing over; see `transfer`. */
  async stop(): Promise<void> {
    this.failure ??= 'it was stopped';
    this.ending.abort();
    await this.work;
    await this.member?.stop();
  }

  private form(store: RaftStore): void {
    const { expect, logger } = this.options;
    const forming = new Forming({ ...this.self, expect }, store, this.introductions, logger);
    this.forming = forming;
    this.work = forming
      .run(this.ending.signal)
      .then(async (formed) => {
        if (formed !== null) return this.belong(store, formed.clusterId, formed.peers);
        store.close();
        await this.hold.release();
      })
      .catch(async (error: unknown) => {
        store.close();
        await this.hold.release();
        this.fail(error instanceof Error ? error.message : String(error));
      });
  }

  /** Closes the store, which the Raft thread opens for itself. */
  private async belong(store: RaftStore, clusterId: string, initial: readonly Newcomer[]): Promise<void> {
    const member = await Member.start({ ...this.options, clusterId, self: this.self, store, hold: this.hold, initial, introductions: this.introductions, onFailed: (text) => this.fail(text) }, this.machine);
    this.member = member;
    this.orders = new Orders(this.self, member, patienceWith(this.options));
  }

  private present(): Member {
    if (this.member !== null && this.failure === null) return this.member;
    const detail = this.failure ?? `this coordinator belongs to no group yet: ${this.forming?.detail ?? ''}`;
    throw new RaftUnavailable('not-leader', detail);
  }

  private leading(): Orders {
    const { node } = this.present();
    if (node.role.role === 'leader' && this.orders !== null) return this.orders;
    const { leaderId } = node.role;
    throw new RaftUnavailable('not-leader', leaderId === null ? 'no leader is known' : `'${leaderId}' leads`, leaderId);
  }

  private fail(text: string): void {
    if (this.failure !== null) return;
    this.failure = text;
    this.ending.abort();
    void this.member?.stop();
    this.options.onFailed(text);
  }
}
