/**
 * All direct lanes of this coordinator: who is at which, what they say, and what they are told.
 *
 * That a lane closes is handed on as it is: what it means is judged elsewhere, from everything else that is known.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { AgentMessage, Beat, BeatResult, CoordinatorMessage, Logger, MemberRecord, ProbeTarget } from '@muster/contracts';
import type { Change } from '@muster/membership';
import type { CoordinatorMetrics } from '../metrics.js';
import { CutLog } from './cut-log.js';
import { type CutReason, type HelperAnswer, Lane, type LaneListener } from './lane.js';
import { acceptUpgrade, type LaneRoom, refuseUpgrade, whyNoLane } from './lane-upgrade.js';

export interface LanesOptions {
  readonly coordinatorId: string;
  readonly lanesMax: number;
  /** Takes a beat that came over a lane. */
  readonly beat: (beat: Beat) => BeatResult;
  readonly knownIncarnation: (nodeId: string) => number | null;
  /** Told when a lane to a process opened, and when the last one closed. */
  readonly changed: (nodeId: string, incarnation: number, is: 'open' | 'closed') => void;
  readonly member: (nodeId: string) => MemberRecord | null;
  readonly metrics: Pick<CoordinatorMetrics, 'laneMessage' | 'laneCut' | 'laneRefused'>;
  readonly logger: Logger;
}

export class Lanes implements LaneListener {
  private readonly connected = new Set<Lane>();
  /** Those that said who they are: one per process, the newest. */
  private readonly byNode = new Map<string, Map<number, Lane>>();
  private state: LaneRoom['state'] = 'starting';

  private readonly cutLog: CutLog;

  constructor(private readonly options: LanesOptions) {
    this.cutLog = new CutLog(options.logger);
  }

  /** Takes lanes from here on. */
  open(): void {
    this.state = 'open';
  }

  get count(): number {
    return this.connected.size;
  }

  /** Nodes that have one. Count. */
  get nodeCount(): number {
    return this.byNode.size;
  }

  /** Answers an HTTP upgrade: with a lane, or with the reason why there is none. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { lanesMax, metrics } = this.options;
    const refusal = whyNoLane(request, { state: this.state, isFull: this.connected.size >= lanesMax, lanesMax });
    if (refusal !== null) {
      metrics.laneRefused(refusal.code);
      return refuseUpgrade(stream, refusal);
    }
    acceptUpgrade(stream);
    const lane = new Lane(stream as Socket, this);
    this.connected.add(lane);
    lane.begin(head);
  }

  /** Asks a member to look at another one. Null: it has no lane to us, or no opinion. */
  ask(by: string, target: ProbeTarget, timeLimitMs: number): Promise<HelperAnswer | null> {
    const lane = this.laneOf(by);
    if (lane === null) return Promise.resolve(null);
    this.options.metrics.laneMessage('probe', 'sent');
    return lane.ask(target, timeLimitMs);
  }

  /** Tells members what operators want of them, and a process that another one of its name has taken its place. */
  follow(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind !== 'updated' && change.kind !== 'transition') continue;
      const { nodeId, incarnation, marks } = change.member;
      const ofNode = this.byNode.get(nodeId);
      if (change.kind === 'transition' && change.member.status === 'JOINING') for (const [other, lane] of ofNode ?? []) if (other < incarnation) this.welcome(lane, nodeId);
      const lane = ofNode?.get(incarnation);
      if (lane !== undefined) this.tellDraining(lane, { isDraining: marks.includes('draining'), reason: change.kind === 'updated' ? change.reason : '', index: change.member.index });
    }
  }

  /** Ends all of them, so that agents look for another coordinator at once, and takes no more. */
  close(): void {
    this.state = 'ending';
    for (const lane of this.connected) lane.cut('ending');
  }

  message(lane: Lane, message: AgentMessage): void {
    this.options.metrics.laneMessage(message.kind, 'received');
    switch (message.kind) {
      case 'hello':
        return this.greet(lane, message.nodeId, message.incarnation);
      case 'beat':
        return this.say(lane, { v: 1, kind: 'heard', seq: message.beat.seq, result: this.take(lane, message.beat) });
      case 'probed':
        return lane.answered(message.id, message);
    }
  }

  unreadable(lane: Lane, reason: string): void {
    this.options.metrics.laneMessage('unreadable', 'received');
    this.options.logger.debug({ member: lane.identity?.nodeId, reason }, 'a message on a direct lane was skipped');
  }

  closed(lane: Lane, cut: CutReason | null): void {
    this.connected.delete(lane);
    if (cut !== null) {
      this.options.metrics.laneCut(cut);
      this.cutLog.note(cut, lane.identity?.nodeId, performance.now());
    }
    // Our own end says nothing about anybody.
    this.leave(lane, cut !== 'ending');
  }

  /**
   * Whoever comes last under a name has its lane: a process that lost its connection must get in again although we still see the old one.
   * Nobody is harmed by a stranger who takes it: a lane that is lost only makes us look, and the process itself comes back with its
   * next try. But one connection is one process: it cannot take the lanes of one node after another.
   */
  private greet(lane: Lane, nodeId: string, incarnation: number): void {
    const { member, changed, coordinatorId } = this.options;
    // Our own agent, which found us among the coordinators: what it has to say is heard without a lane.
    if (nodeId === coordinatorId) return this.welcome(lane, nodeId);
    const claimed = lane.identity;
    if (claimed !== null && (claimed.nodeId !== nodeId || claimed.incarnation > incarnation)) return lane.cut('not-itself');
    if (claimed?.incarnation !== incarnation) this.leave(lane, true);
    const ofNode = this.byNode.get(nodeId) ?? new Map<number, Lane>();
    this.byNode.set(nodeId, ofNode);
    const before = ofNode.get(incarnation);
    lane.identity = { nodeId, incarnation };
    ofNode.set(incarnation, lane);
    if (before !== lane) before?.cut('replaced');
    this.welcome(lane, nodeId);
    const { marks = [], index } = member(nodeId) ?? {};
    lane.toldDraining = null;
    this.tellDraining(lane, { isDraining: marks.includes('draining'), reason: 'as agreed before', index });
    if (before === undefined) changed(nodeId, incarnation, 'open');
  }

  private welcome(lane: Lane, nodeId: string): void {
    const { coordinatorId, knownIncarnation } = this.options;
    this.say(lane, { v: 1, kind: 'welcome', coordinatorId, knownIncarnation: knownIncarnation(nodeId) });
  }

  private leave(lane: Lane, isNews: boolean): void {
    const { identity } = lane;
    if (identity === null) return;
    const ofNode = this.byNode.get(identity.nodeId);
    // Another one took its place: the process has a lane as before.
    if (ofNode?.get(identity.incarnation) !== lane) return;
    ofNode.delete(identity.incarnation);
    if (ofNode.size === 0) this.byNode.delete(identity.nodeId);
    if (isNews) this.options.changed(identity.nodeId, identity.incarnation, 'closed');
  }

  private take(lane: Lane, beat: Beat): BeatResult {
    if (beat.nodeId === lane.identity?.nodeId) return this.options.beat(beat);
    return { nodeId: beat.nodeId, outcome: 'rejected', knownIncarnation: null, reason: `this lane belongs to '${lane.identity?.nodeId}': each node opens its own` };
  }

  /** `index` is where the log says so: agents hear it from every coordinator, and some of them know more than others. */
  private tellDraining(lane: Lane, { isDraining, reason, index }: { readonly isDraining: boolean; readonly reason: string; readonly index: number | undefined }): void {
    const before = lane.toldDraining;
    if (before === isDraining) return;
    lane.toldDraining = isDraining;
    this.say(lane, { v: 1, kind: 'drain', isDraining, reason: isDraining || before !== null ? reason : '', ...(index === undefined ? {} : { index }) });
  }

  private laneOf(nodeId: string): Lane | null {
    let newest: Lane | null = null;
    for (const lane of this.byNode.get(nodeId)?.values() ?? []) if (newest === null || (lane.identity?.incarnation ?? 0) > (newest.identity?.incarnation ?? 0)) newest = lane;
    return newest;
  }

  private say(lane: Lane, message: CoordinatorMessage): void {
    this.options.metrics.laneMessage(message.kind, 'sent');
    lane.send(message);
  }
}
