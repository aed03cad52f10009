/** A Raft group that does what a test says: nothing is agreed, read or handed over before. */
import type { RaftStatus } from '@muster/contracts';
import { type Applied, RaftUnavailable, type Role, type StateMachine } from '@muster/raft-node';
import type { LogGroup } from '../src/log/log-group.js';

const STORE = '11111111-1111-4111-8111-111111111111';
export const peerOf = (nodeId: string, voter = true): RaftStatus['peers'][number] => ({ nodeId, storeId: STORE, httpUrl: `http://${nodeId}:1`, raftUrl: `raft://${nodeId}:2`, voter, matchIndex: null, silentMs: null, rttMs: null });

interface Asked<T> {
  readonly done: (value: T) => void;
  readonly failed: (error: Error) => void;
}

export class FakeLogGroup implements LogGroup {
  readonly proposed: (Asked<Applied> & { readonly data: Uint8Array })[] = [];
  readonly reads: Asked<number>[] = [];
  readonly transfers: Asked<string>[] = [];
  isStopped = false;
  now: RaftStatus = { cluster: 'c', nodeId: 'a', storeId: STORE, clusterId: STORE, state: 'follower', detail: '', term: 1, leaderId: 'b', commitIndex: 0, appliedIndex: 0, lastIndex: 0, snapshotIndex: 0, hasQuorum: true, contactAgeMs: 10, peers: [peerOf('a'), peerOf('b')] };
  private index = 0;

  constructor(readonly log: { readonly machine: StateMachine; roleChanged(role: Role): void }) {}

  role(role: 'follower' | 'candidate' | 'leader', term: number, leaderId: string | null): void {
    this.now = { ...this.now, state: role, term, leaderId };
    this.log.roleChanged({ role, term, leaderId });
  }

  /** Agrees on what was proposed first. */
  commit(term: number): void {
    const asked = this.proposed.shift();
    if (asked === undefined) throw new Error('nothing was proposed');
    this.index += 1;
    asked.done({ index: this.index, term, result: this.log.machine.apply(asked.data, this.index, term) });
  }

  /** Vouches for all reads that wait. */
  vouch(): void {
    for (const read of this.reads.splice(0)) read.done(this.index);
  }

  refuseReads(): void {
    for (const read of this.reads.splice(0)) read.failed(new RaftUnavailable('unknown', 'no leader vouched for it'));
  }

  status(): RaftStatus {
    return this.now;
  }

  propose(data: Uint8Array): Promise<Applied> {
    return new Promise((done, failed) => void this.proposed.push({ data, done, failed }));
  }

  read(): Promise<number> {
    return new Promise((done, failed) => void this.reads.push({ done, failed }));
  }

  transfer(): Promise<string> {
    return new Promise((done, failed) => void this.transfers.push({ done, failed }));
  }

  stop(): Promise<void> {
    this.isStopped = true;
    return Promise.resolve();
  }
}
