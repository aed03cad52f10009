/**
 * A coordinator's place in its Raft group: forms or joins it, keeps the directory of members, and gives the application its log.
 *
 * Decides nothing itself: who may found is `formation.ts`, who belongs `directory.ts`, what a leader has to do for that `duties.ts`.
 */
import type { Logger, RaftIntroduction, RaftJoin, RaftJoinAnswer, RaftStatus } from '@muster/contracts';
import type { Role } from '../driver/messages.js';
import { RaftUnavailable } from '../driver/raft-errors.js';
import type { Applied, StateMachine } from '../driver/raft-node.js';
import type { TlsOptions } from '../transport/channel.js';

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
  readonly logger: Logger;
  readonly onRole?: (role: Role) => void;
  readonly onFailed: (text: string) => void;
}

export interface Introduced {
  readonly body: RaftIntroduction;
  /** Over the nonce and `JSON.stringify(body)`. */
  readonly signature: string;
}

export interface GroupCounters {
  readonly [name: string]: number;
}

export class RaftGroup {
  readonly storeId: string = '';

  private constructor(private readonly options: GroupOptions) {}

  /** Opens the store and begins: goes on with its group, or forms or joins one in the background. Throws `StoreDamaged`, `StoreUnusable`, or that the port is in use. */
  static open(_options: GroupOptions, _machine: StateMachine): Promise<RaftGroup> {
    return Promise.reject(new Error('not built yet'));
  }

  get nodeId(): string {
    return this.options.nodeId;
  }

  /** Synchronous, at most 100 ms old; ages grow by the clock. */
  status(): RaftStatus {
    throw notBuilt();
  }

  leader(): { readonly nodeId: string; readonly httpUrl: string } | null {
    return null;
  }

  isLeader(): boolean {
    return false;
  }

  /** Rejects with `RaftUnavailable`. */
  propose(_data: Uint8Array, _timeoutMs?: number): Promise<Applied> {
    return Promise.reject(notBuilt());
  }

  /** Resolves with an index that is applied here, and everything with it that anybody was told before. */
  read(_timeoutMs?: number): Promise<number> {
    return Promise.reject(notBuilt());
  }

  introduce(_nonce: string): Introduced {
    throw notBuilt();
  }

  /** Of the body of `POST /raft/join`. */
  verify(_signature: string, _text: string): boolean {
    return false;
  }

  /** At the leader; elsewhere rejects with `not-leader`. */
  join(_request: RaftJoin): Promise<RaftJoinAnswer> {
    return Promise.reject(notBuilt());
  }

  addPeer(_peer: RaftJoin): Promise<void> {
    return Promise.reject(notBuilt());
  }

  removePeer(_nodeId: string): Promise<void> {
    return Promise.reject(notBuilt());
  }

  replacePeer(_oldNodeId: string, _by: RaftJoin): Promise<void> {
    return Promise.reject(notBuilt());
  }

  /** Resolves with who leads then; without `to` the most up-to-date voter. */
  transfer(_to?: string): Promise<string> {
    return Promise.reject(notBuilt());
  }

  /** Makes a snapshot now and resolves with its index. */
  compact(): Promise<number> {
    return Promise.reject(notBuilt());
  }

  counters(): GroupCounters {
    return {};
  }

  /** Without handing over; see `transfer`. */
  stop(): Promise<void> {
    return Promise.resolve();
  }
}

function notBuilt(): RaftUnavailable {
  return new RaftUnavailable('unknown', 'not built yet');
}
