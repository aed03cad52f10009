/** The shell of `orders.ts` of raft-node in callbacks: what others and operators ask of the leader about the members. */
import type { RaftJoin } from '@muster/contracts';
import { admissionOf, patienceWith, peerNamed, removalHindrance } from '@muster/raft-node';
import { CLUSTER } from './group-settings.js';
import type { Reception } from './introducing.js';
import type { SimulatedMembership } from './simulated-membership.js';

type Done = (reason: string | null) => void;

export class SimulatedOrders {
  constructor(private readonly membership: SimulatedMembership) {}

  join(request: RaftJoin, answer: (reception: Reception) => void): void {
    this.admit(request, null, (refusal) => {
      const { clusterId, directory } = this.membership;
      answer(refusal ?? { kind: 'welcome', clusterId, peers: directory.peers });
    });
  }

  /** Tells why not, or null once it was agreed that it leaves. */
  remove(nodeId: string, done: Done): void {
    const { site } = this.membership;
    const peer = peerNamed(this.membership.directory, nodeId);
    if (peer === null) return done('no member');
    const { heardMs } = patienceWith(this.pace());
    site.main.wakeAfter(heardMs, () =>
      site.disk.member.order((raft) => {
        const status = raft.status();
        site.main.immediately(() => {
          const hindrance = status.role === 'leader' ? removalHindrance(status, nodeId, heardMs / site.world.settings.tickMs) : 'not the leader';
          if (hindrance !== null) return done(hindrance);
          site.world.monitors.ordered(peer.storeId);
          this.membership.command({ kind: 'leave', nodeId, storeId: peer.storeId }, (said) => done(said === null ? 'unknown' : said.refused));
        });
      }),
    );
  }

  replace(oldNodeId: string, by: RaftJoin, done: Done): void {
    const old = peerNamed(this.membership.directory, oldNodeId);
    if (old === null || by.nodeId === oldNodeId) return done('nothing to replace');
    this.membership.site.world.monitors.ordered(old.storeId);
    this.admit(by, oldNodeId, (refusal) => done(refusal?.reason ?? null));
  }

  /** Null when it belongs now. */
  private admit(request: RaftJoin, replaces: string | null, done: (refusal: Exclude<Reception, { kind: 'welcome' }> | null) => void): void {
    const { site } = this.membership;
    site.disk.member.order((raft) => {
      const { peers } = raft.status();
      site.main.immediately(() => {
        const isInTouch = request.nodeId === site.nodeId || peers.some(({ id, silentTicks }) => id === request.nodeId && silentTicks < patienceWith(this.pace()).touchMs / site.world.settings.tickMs);
        this.decide(request, replaces, isInTouch, done);
      });
    });
  }

  private decide(request: RaftJoin, replaces: string | null, isInTouch: boolean, done: (refusal: Exclude<Reception, { kind: 'welcome' }> | null) => void): void {
    const { nodeId, storeId, httpUrl, raftUrl } = request;
    const admission = admissionOf(this.membership.directory, CLUSTER, request, isInTouch);
    const later = (reason: string): void => done({ kind: 'later', reason });
    switch (admission.kind) {
      case 'known':
      case 'enter':
        if (admission.kind === 'known' && replaces === null) return done(null);
        return this.membership.command({ kind: 'enter', peer: { nodeId, storeId, httpUrl, raftUrl }, replaces }, (said) => {
          if (said === null) return later('nobody knows whether it was agreed');
          done(said.refused === null ? null : { kind: 'refused', reason: said.refused });
        });
      case 'bury':
        return this.membership.command({ kind: 'leave', nodeId, storeId: admission.storeId }, () => later('the one that it was is being removed'));
      case 'later':
        return later(admission.reason);
      case 'refuse':
        return done({ kind: 'refused', reason: admission.reason });
    }
  }

  private pace(): { readonly heartbeatMs: number; readonly electionTimeoutMs: number } {
    const { tickMs, heartbeatTicks, electionTicks } = this.membership.site.world.settings;
    return { heartbeatMs: heartbeatTicks * tickMs, electionTimeoutMs: electionTicks * tickMs };
  }
}
