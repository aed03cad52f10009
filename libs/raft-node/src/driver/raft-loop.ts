/**
 * Runs the core: takes what came in, lets it decide, writes, sends, hands on; in this order and one Ready at a time.
 *
 * Everything that comes in between two turns is one turn: proposals that wait for a write share the next one. What cannot be written ends the
 * loop: it stops listening, so that the others see at once that we are gone, and says why. It decides nothing that is Raft's business.
 */
import { statfs } from 'node:fs';
import { dirname } from 'node:path';
import { entryBytes, founded, membersOf, type Message, type PeerId, Raft, type Ready } from '@muster/raft';
import { RaftStore } from '../store/raft-store.js';
import { partOf } from '../store/snapshot-parts.js';
import type { Identity } from '../transport/handshake.js';
import { RaftTransport } from '../transport/raft-transport.js';
import { DiskWatch } from './disk-watch.js';
import { heirOf } from './heir.js';
import type { FromLoop, LoopCounts, LoopSetup, Peers, Role, ToLoop } from './messages.js';
import { monotonicMs } from './monotonic.js';
import { PeerContacts } from './peer-contacts.js';
import { NO_PULSE, PULSE_MS, pulseOf } from './pulse.js';
import { SnapshotSaving } from './snapshot-saving.js';
import { Telling } from './telling.js';
import { TickClock } from './tick-clock.js';

const PROPOSAL_BYTES_MAX = 1024 * 1024;
const DISK_LOOK_MS = 1000;

type Proposal = Extract<ToLoop, { readonly kind: 'propose' }>;

export class RaftLoop {
  private readonly raft: Raft;
  private readonly transport: RaftTransport;
  private readonly clock: TickClock;
  private readonly contacts = new PeerContacts();
  private readonly disk: DiskWatch;
  private readonly counts: LoopCounts = { ...NO_PULSE.counts };
  private peers: Peers;
  private address = '';
  private inbox: Message[] = [];
  private proposals: Proposal[] = [];
  /** Ids of reads. */
  private reads: number[] = [];
  private isDue = false;
  private isEnded = false;
  private ticking: NodeJS.Timeout | undefined;
  private lookingAtDisk: NodeJS.Timeout | undefined;
  private lastRole: Role | null = null;
  private lastLeaderId: PeerId | null = null;
  private electionTerm = 0;
  private pulsedAtMs = -Infinity;
  private contactAtMs: number | null = null;
  private given = 0;
  private applied = 0;
  private readonly unappliedMax: number;
  private readonly telling: Telling;
  private readonly saving: SnapshotSaving;

  private constructor(
    private readonly setup: LoopSetup,
    private readonly store: RaftStore,
    post: (messages: readonly FromLoop[]) => void,
  ) {
    this.telling = new Telling(post);
    this.saving = new SnapshotSaving({
      stage: (index, part, bytes) => store.stage(index, part, bytes),
      finish: (index, data) => this.compact(index, data),
      sweep: () => store.sweep(),
      saved: (id) => this.tell({ kind: 'compacted', id }),
    });
    this.peers = setup.peers;
    const restored = store.restore();
    const { nodeId, electionTicks, heartbeatTicks, leases, tickMs, lowWaterBytes } = setup;
    this.disk = new DiskWatch({ slowMs: (electionTicks * tickMs) / 2, lowWaterBytes });
    this.raft = new Raft({ id: nodeId, electionTicks, heartbeatTicks, leases, random: Math.random }, restored);
    this.given = restored.snapshot?.index ?? 0;
    this.applied = this.given;
    // All of them are given at once when it starts: else one that ended for this would never start again.
    this.unappliedMax = setup.unappliedMax + restored.entries.length;
    if (restored.snapshot !== null && restored.snapshot.index > 0) this.tell({ kind: 'restore', index: restored.snapshot.index, data: restored.snapshot.data });
    this.clock = new TickClock(tickMs, Math.max(2, Math.floor(electionTicks / 5)), performance.now());
    this.transport = this.makeTransport();
  }

  /** Throws when the store cannot be used, or the port not be listened on. */
  static async start(setup: LoopSetup, post: (messages: readonly FromLoop[]) => void): Promise<RaftLoop> {
    const store = RaftStore.open(setup.storePath);
    try {
      belongTo(store, setup);
      const loop = new RaftLoop(setup, store, post);
      await loop.begin();
      return loop;
    } catch (error) {
      store.close();
      throw error;
    }
  }

  receive(message: ToLoop): void {
    if (this.isEnded) return;
    switch (message.kind) {
      case 'propose':
        this.proposals.push(message);
        return this.due();
      case 'read':
        this.reads.push(message.id);
        return this.due();
      case 'change':
      case 'transfer':
        this.order(message);
        return this.due();
      case 'status':
        return this.tell({ kind: 'status', id: message.id, status: this.status() });
      case 'compact':
        if (this.saving.save(message)) this.saveOn();
        return;
      case 'peers':
        this.peers = message.peers;
        return this.transport.setPeers(addressesOf(message.peers));
      case 'applied':
        this.applied = Math.max(this.applied, message.index);
        return;
      case 'stop':
        return this.end();
    }
  }

  private async begin(): Promise<void> {
    this.address = await this.transport.listen();
    this.transport.setPeers(addressesOf(this.peers));
    this.ticking = setInterval(() => this.tick(), this.setup.tickMs);
    this.lookingAtDisk = setInterval(() => this.lookAtDisk(), DISK_LOOK_MS);
    this.lookAtDisk();
    this.tell({ kind: 'started', address: this.address, storeId: this.store.identity.storeId, appliedIndex: this.applied });
    this.sweep();
    this.due();
  }

  private makeTransport(): RaftTransport {
    const { nodeId, clusterId, secret, tls, host, port, advertise } = this.setup;
    return new RaftTransport({
      identity: { clusterId, nodeId, storeId: this.store.identity.storeId },
      secret,
      tls,
      host,
      port,
      advertise,
      admits: (identity) => this.hindrance(identity),
      onMessage: (message) => {
        this.inbox.push(message);
        this.due();
      },
      onGone: (peer) => {
        this.raft.peerGone(peer);
        this.due();
      },
      onAddress: (peer, address) => this.tell({ kind: 'address', nodeId: peer, address }),
      onTrouble: (text) => this.tell({ kind: 'trouble', text }),
    });
  }

  private hindrance({ nodeId, storeId }: Identity): string | null {
    const { peers, removedStoreIds } = this.peers;
    if (removedStoreIds.includes(storeId)) return `'${nodeId}' was removed from the group with the store ${storeId}: move its raft store away, and let it join as a new member`;
    const known = peers.find((peer) => peer.nodeId === nodeId)?.storeId ?? null;
    if (known !== null && known !== storeId) return `'${nodeId}' is known with the store ${known} and comes with ${storeId}: it lost its memory, and has to be removed and to join as a new member`;
    return null;
  }

  private due(): void {
    if (this.isDue || this.isEnded) return;
    this.isDue = true;
    // After all that has arrived by now: it becomes one turn, and one write.
    setImmediate(() => {
      this.telling.turnBegins();
      this.attempt(() => this.turn());
      this.telling.turnEnds();
    });
  }

  private tick(): void {
    if (monotonicMs() - this.pulsedAtMs >= PULSE_MS) this.pulse();
    if (this.passTime()) this.due();
  }

  /** False when no tick was due. */
  private passTime(): boolean {
    const { ticks, isStalled } = this.clock.due(performance.now());
    if (isStalled) {
      this.counts.stalls += 1;
      this.raft.stalled();
    }
    for (let ticked = 0; ticked < ticks; ticked++) this.raft.tick();
    return ticks > 0;
  }

  private turn(): void {
    this.isDue = false;
    // After a pause what came in meanwhile is taken before any timer: a lease may be over, and nobody has ticked.
    if (this.setup.leases && this.raft.isLeader) this.passTime();
    for (const message of this.inbox.splice(0)) this.step(message);
    for (const id of this.reads.splice(0)) this.raft.requestRead(id);
    this.proposeAll();
    for (let ready = this.raft.ready(); ready !== null; ready = this.raft.ready()) this.perform(ready);
    this.sparesDisk();
    this.tellRole();
  }

  private step(message: Message): void {
    this.raft.step(message);
    if (message.kind === 'snapshot') this.stage(message);
    this.contacts.heard(message, this.raft.term, monotonicMs());
  }

  /** A leader's snapshot is written as it comes, so that not all of it is to be written at its end. What is not of this leader is written for nothing. */
  private stage({ index, offset, totalBytes, chunk }: Extract<Message, { readonly kind: 'snapshot' }>): void {
    const part = partOf({ offset, bytes: chunk.byteLength, totalBytes });
    if (part !== null && index > this.raft.status().snapshotIndex) this.store.stage(index, part, chunk);
  }

  private perform(ready: Ready): void {
    this.contacts.sending(ready.early, monotonicMs());
    this.transport.send(ready.early);
    // What is committed was written in an earlier turn: nobody has to wait for what is written now.
    this.handOn(ready);
    if (ready.hard !== null || ready.snapshot !== null || ready.entries.length > 0) this.write(ready);
    this.contacts.sending(ready.messages, monotonicMs());
    this.transport.send(ready.messages);
    if (ready.snapshot !== null) {
      this.counts.snapshotsReceived += 1;
      this.given = ready.snapshot.index;
      // It comes as a whole, however far behind the main thread was.
      this.applied = this.given;
      this.tell({ kind: 'restore', index: ready.snapshot.index, data: ready.snapshot.data });
      this.sweep();
    }
    this.raft.advance(ready);
  }

  private handOn({ committed, reads }: Ready): void {
    if (committed.length > 0) {
      this.given = committed.at(-1)?.index ?? this.given;
      this.tell({ kind: 'apply', entries: committed.map((entry) => ({ index: entry.index, term: entry.term, data: entry.kind === 'command' ? entry.data : null })) });
      if (this.given - this.applied > this.unappliedMax) throw new Error(`the main thread has not applied ${this.given - this.applied} entries: it stands still`);
    }
    for (const { requestId, index } of reads) this.tell({ kind: 'readable', id: requestId, index });
  }

  private write(ready: Ready): void {
    this.telling.writeBegins();
    const startedMs = performance.now();
    this.store.write(ready);
    const tookMs = performance.now() - startedMs;
    const { counts } = this;
    counts.writes += 1;
    counts.writeMsSum += tookMs;
    counts.writeMsMax = Math.max(counts.writeMsMax, tookMs);
    counts.writeBytes += ready.entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    this.disk.wrote(tookMs, startedMs + tookMs);
  }

  private lookAtDisk(): void {
    statfs(dirname(this.setup.storePath), (error, found) => {
      this.disk.freeBytes = error === null ? found.bavail * found.bsize : null;
      this.due();
    });
  }

  /** Another leads while this disk still lets us hand over. */
  private sparesDisk(): void {
    if (!this.raft.isLeader) return;
    const nowMs = performance.now();
    const trouble = this.disk.trouble(nowMs);
    if (trouble === null) return;
    const heir = heirOf(this.raft.status(), 2 * this.setup.heartbeatTicks);
    if (heir === null || this.raft.transferLeadership(heir).kind !== 'transferring') return;
    this.disk.told(nowMs);
    this.counts.diskHandovers += 1;
    this.tell({ kind: 'trouble', text: `leadership goes to '${heir}': ${trouble}` });
    this.due();
  }

  /** In as few appends as their bytes allow. */
  private proposeAll(): void {
    const waiting = this.proposals.splice(0);
    while (waiting.length > 0) {
      let bytes = 0;
      let count = 0;
      for (const { data } of waiting) {
        bytes += data.byteLength;
        if (count > 0 && bytes > PROPOSAL_BYTES_MAX) break;
        count += 1;
      }
      const batch = waiting.splice(0, count);
      this.answer(
        batch.map(({ id }) => id),
        this.raft.propose(batch.map(({ data }) => data)),
      );
    }
  }

  private order(message: Extract<ToLoop, { readonly kind: 'change' | 'transfer' }>): void {
    this.answer([message.id], message.kind === 'change' ? this.raft.changeConfig(message.change) : this.raft.transferLeadership(message.to));
  }

  private answer(ids: readonly number[], proposed: ReturnType<Raft['propose']>): void {
    switch (proposed.kind) {
      case 'appended':
        return this.tell({ kind: 'appended', ids, index: proposed.index - ids.length + 1, term: proposed.term });
      case 'transferring':
        for (const id of ids) this.tell({ kind: 'transferring', id });
        return;
      case 'not-leader':
      case 'busy':
      case 'refused':
        for (const id of ids) this.tell({ kind: 'denied', id, why: proposed });
    }
  }

  /** A snapshot of our own that is on the disk but for its last step. */
  private compact(index: number, data: Uint8Array): void {
    const snapshot = this.raft.compact(index, data, this.setup.keepEntries);
    if (snapshot === null) return;
    this.store.compact(snapshot);
    this.counts.snapshotsMade += 1;
  }

  private sweep(): void {
    if (this.saving.sweep()) this.saveOn();
  }

  /** A step a turn: what comes in between is not kept waiting. */
  private saveOn(): void {
    setImmediate(() => this.attempt(() => this.saving.step() && this.saveOn()));
  }

  private tell(message: FromLoop): void {
    this.telling.tell(message);
  }

  private tellRole(): void {
    const { role, term, leaderId } = this.raft.status();
    const last = this.lastRole;
    if (last !== null && role === last.role && term === last.term && leaderId === last.leaderId) return;
    const { counts } = this;
    if ((role === 'candidate' || role === 'leader') && term > this.electionTerm) {
      this.electionTerm = term;
      counts.elections += 1;
    }
    if (leaderId !== null && leaderId !== this.lastLeaderId) {
      counts.leaderChanges += 1;
      this.lastLeaderId = leaderId;
    }
    if (last?.role === 'leader' && (role !== 'leader' || term !== last.term)) counts.stepDowns += 1;
    this.lastRole = { role, term, leaderId };
    this.pulse();
    this.tell({ kind: 'role', role: this.lastRole });
  }

  private pulse(): void {
    const nowMs = monotonicMs();
    this.pulsedAtMs = nowMs;
    const status = this.raft.status();
    this.contacts.keep([...membersOf(status.config), status.leaderId ?? '']);
    const pulse = pulseOf({ status, contacts: this.contacts, connected: this.transport.connected(), transport: this.transport.counters(), counts: this.counts, diskFreeBytes: this.disk.freeBytes, contactBeforeMs: this.contactAtMs, nowMs });
    this.contactAtMs = pulse.contactAtMs;
    this.tell({ kind: 'pulse', pulse });
  }

  private status(): Extract<FromLoop, { readonly kind: 'status' }>['status'] {
    const { storeId } = this.store.identity;
    return { ...this.raft.status(), storeId, clusterId: this.setup.clusterId, address: this.address, connected: this.transport.connected(), transport: this.transport.counters(), counts: { ...this.counts } };
  }

  /** A fault ends the loop: to go on could mean to say what is not so. */
  private attempt(work: () => void): void {
    if (this.isEnded) return;
    try {
      work();
    } catch (error) {
      this.end();
      this.tell({ kind: 'failed', text: error instanceof Error ? error.message : String(error) });
    }
  }

  private end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    clearInterval(this.ticking);
    clearInterval(this.lookingAtDisk);
    this.transport.stop();
    this.store.close();
  }
}

function belongTo(store: RaftStore, { clusterId, found, nodeId }: LoopSetup): void {
  const known = store.identity.clusterId;
  if (known === clusterId) return;
  if (known !== null) throw new Error(`the Raft store of '${nodeId}' belongs to the cluster ${known}, and it is told to be one of ${clusterId}: use another node.dataDir`);
  store.found(clusterId, found === null ? { hard: { term: 0, votedFor: null, commit: 0 }, snapshot: null, entries: [] } : founded(found));
}

function addressesOf({ peers }: Peers): Map<PeerId, string> {
  return new Map(peers.map(({ nodeId, address }) => [nodeId, address]));
}
