/** What others and operators ask of the leader about the members. Each returns once it is done; what has begun is finished by whoever leads then. */
import type { RaftJoin, RaftJoinAnswer } from '@muster/contracts';
import { membersOf } from '@muster/raft';
import { heirOf } from '../driver/heir.js';
import { RaftUnavailable } from '../driver/raft-errors.js';
import { admissionOf } from './admission.js';
import { type DirectoryCommand, peerNamed } from './directory.js';
import { directoryEntry } from './envelope.js';
import type { DirectoryAnswer } from './group-machine.js';
import type { Patience } from './in-touch.js';
import { type Member, TICK_MS } from './member.js';
import { removalHindrance } from './removal.js';

const DONE_MS_MAX = 15_000;
const LOOK_MS = 50;
const LEADER_MS_MAX = 5000;

export class Orders {
  constructor(
    private readonly self: RaftJoin,
    private readonly member: Member,
    private readonly patience: Patience,
  ) {}

  async join(request: RaftJoin): Promise<RaftJoinAnswer> {
    await this.admit(request, null);
    const { directory, clusterId, node } = this.member;
    const { voters } = node.pulse().config;
    return { clusterId, peers: directory.peers.map(({ nodeId, storeId, httpUrl, raftUrl }) => ({ nodeId, storeId, httpUrl, raftUrl, voter: voters.includes(nodeId) })) };
  }

  async remove(nodeId: string): Promise<void> {
    const { directory, node } = this.member;
    const peer = peerNamed(directory, nodeId);
    const names = directory.peers.map((other) => other.nodeId).join(', ');
    if (peer === null) throw new RaftUnavailable('refused', `'${nodeId}' is no member and cannot be removed: the members are ${names}`);
    // Only who speaks from now on counts as in touch: one that has just died looks well for a while.
    const { heardMs } = this.patience;
    await new Promise((done) => setTimeout(done, heardMs));
    const hindrance = removalHindrance(await node.status(), nodeId, heardMs / TICK_MS);
    if (hindrance !== null) throw new RaftUnavailable('refused', hindrance);
    await this.command({ kind: 'leave', nodeId, storeId: peer.storeId });
    await this.until(`'${nodeId}' is removed`, () => this.isGone(nodeId, peer.storeId));
  }

  async replace(oldNodeId: string, by: RaftJoin): Promise<void> {
    const old = peerNamed(this.member.directory, oldNodeId);
    if (old === null) throw new RaftUnavailable('refused', `'${oldNodeId}' is no member and cannot be replaced: add '${by.nodeId}' instead`);
    if (by.nodeId === oldNodeId) {
      // One name never stands for two stores that vote: the old one goes first.
      if (by.storeId !== old.storeId) await this.remove(oldNodeId);
      await this.admit(by, null);
    } else if (this.isVoter(by)) {
      // It has joined by itself meanwhile, and has a vote of its own.
      await this.admit(by, null);
      return this.remove(oldNodeId);
    } else {
      await this.admit(by, oldNodeId);
    }
    await this.until(`'${by.nodeId}' has the vote of '${oldNodeId}'`, () => this.isVoter(by) && (by.nodeId === oldNodeId || this.isGone(oldNodeId, old.storeId)));
  }

  async transfer(to?: string): Promise<string> {
    const { node } = this.member;
    const heir = to ?? heirOf(await node.status(), this.patience.touchMs / TICK_MS);
    if (heir === null) throw new RaftUnavailable('refused', 'no other voter keeps up: nobody can take over');
    await node.transfer(heir);
    await this.until('somebody leads', () => node.role.leaderId !== null, LEADER_MS_MAX);
    return node.role.leaderId ?? heir;
  }

  private async admit(request: RaftJoin, replaces: string | null): Promise<void> {
    const { directory } = this.member;
    const { nodeId, storeId, httpUrl, raftUrl } = request;
    const { peers } = await this.member.node.status();
    const isInTouch = nodeId === this.self.nodeId || peers.some((peer) => peer.id === nodeId && peer.silentTicks < this.patience.touchMs / TICK_MS);
    const admission = admissionOf(directory, this.self.cluster, request, isInTouch);
    switch (admission.kind) {
      case 'known':
      case 'enter':
        // It may be known, and not yet whom it replaces.
        if (admission.kind === 'known' && replaces === null) return;
        return this.command({ kind: 'enter', peer: { nodeId, storeId, httpUrl, raftUrl }, replaces });
      case 'bury':
        await this.command({ kind: 'leave', nodeId, storeId: admission.storeId });
        throw new RaftUnavailable('busy', `'${nodeId}' comes with a new store: the member that it was, with the store ${admission.storeId}, is being removed first`);
      case 'later':
        throw new RaftUnavailable('busy', admission.reason);
      case 'refuse':
        throw new RaftUnavailable('refused', admission.reason);
    }
  }

  private async command(command: DirectoryCommand): Promise<void> {
    const { result } = await this.member.node.propose(directoryEntry(command));
    const { refused } = result as DirectoryAnswer;
    if (refused !== null) throw new RaftUnavailable('refused', refused);
  }

  /** It has no vote, and its name is free; of ourselves only the first is seen here. */
  private isGone(nodeId: string, storeId: string): boolean {
    const { directory, node } = this.member;
    if (nodeId === this.self.nodeId) return node.role.role !== 'leader' && !membersOf(node.pulse().config).includes(nodeId);
    return directory.tombstones.includes(storeId);
  }

  private isVoter({ nodeId }: RaftJoin): boolean {
    return this.member.node.pulse().config.voters.includes(nodeId);
  }

  private async until(what: string, isDone: () => boolean, limitMs = DONE_MS_MAX): Promise<void> {
    const endMs = performance.now() + limitMs;
    while (!isDone()) {
      if (performance.now() > endMs) throw new RaftUnavailable('unknown', `it was not seen within ${limitMs} ms that ${what}; it is gone on with`, this.member.node.role.leaderId);
      await new Promise((again) => setTimeout(again, LOOK_MS));
    }
  }
}

