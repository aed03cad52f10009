/**
 * What Raft promises (paper, figure 3, and what follows from it), watched from outside over all lives of all members.
 *
 * Each promise is checked when something could break it, at the cost of what changed. `libs/raft` has monitors of its own for its tests;
 * these know nothing of those, so that one mistake does not blind both.
 */
import { type Configuration, type Entry, isVoter, type Message, type PeerId, type Raft, type Ready } from '@muster/raft';
import { contentOf } from './applied-state.js';
import { haveQuorum, quorumsMeet } from './quorums.js';
import type { RaftMember } from './raft-member.js';
import type { StoreModel } from './store-model.js';

const VIOLATIONS_MAX = 10;
/** Terms and indices stay below; two of them make one number. */
const PACK = 2 ** 26;

interface Written {
  readonly content: number;
  readonly termBefore: number;
}

export class RaftMonitors {
  readonly violations: string[] = [];
  elections = 0;
  termMax = 0;
  /** Hashes of the applied state after each index, as whoever was first has it. */
  private readonly hashes: number[] = [];
  /** Terms of the committed entries; all that a later leader must have. */
  private readonly committedTerms: number[] = [];
  /** In which term each of them was. */
  private readonly committedIn: number[] = [];
  private readonly votes = new Map<PeerId, Map<number, PeerId>>();
  private readonly leaders = new Map<number, PeerId>();
  private readonly written = new Map<number, Written>();
  private readonly commits = new Map<PeerId, number>();
  private readonly meets = new Map<string, boolean>();

  constructor(
    private readonly members: ReadonlyMap<PeerId, RaftMember>,
    private readonly nowMs: () => number,
  ) {}

  violate(what: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(`${(this.nowMs() / 1000).toFixed(3)} s: ${what}`);
  }

  /** Highest index that was applied anywhere. */
  get appliedIndex(): number {
    return this.hashes.length;
  }

  get committedIndex(): number {
    return this.committedTerms.length;
  }

  hashAt(index: number): number | undefined {
    return this.hashes[index - 1];
  }

  /** State machine safety: after the same index all have the same state. */
  applied(id: PeerId, index: number, hash: number): void {
    const known = this.hashes[index - 1];
    if (known === undefined && index === this.hashes.length + 1) this.hashes.push(hash);
    else if (known !== hash) this.violate(`the state of ${id} after ${index} is not that of the others`);
  }

  /** One vote a term, over all lives of a store. A candidate votes for itself. */
  said(id: PeerId, message: Message): void {
    if (message.kind === 'vote' && !message.isPre) this.vote(id, message.term, id);
    else if (message.kind === 'vote-reply' && !message.isPre && message.granted) this.vote(id, message.term, message.to);
  }

  /** Term and vote never go back; log matching; leaders only append; configurations that follow each other share a quorum. */
  writing(member: RaftMember, raft: Raft, { hard, snapshot, entries }: Ready): void {
    const { id, store } = member;
    if (hard !== null && hard.term < store.hard.term) this.violate(`${id} goes from term ${store.hard.term} back to ${hard.term}`);
    if (hard !== null && hard.term === store.hard.term && store.hard.votedFor !== null && hard.votedFor !== store.hard.votedFor) this.violate(`${id} changes its vote in term ${hard.term} from ${store.hard.votedFor} to ${hard.votedFor}`);
    const first = entries[0];
    if (first === undefined) return;
    if (raft.isLeader && snapshot === null && first.index <= store.lastIndex && first.term === raft.term) this.violate(`the leader ${id} overwrites its own log at ${first.index}`);
    let termBefore = snapshot !== null && snapshot.index === first.index - 1 ? snapshot.term : (store.termAt(first.index - 1) ?? -1);
    let config = snapshot?.config ?? store.configBefore(first.index);
    for (const entry of entries) {
      this.writes(id, entry, termBefore);
      if (entry.kind === 'config') {
        this.meet(id, config, entry.config);
        config = entry.config;
      }
      termBefore = entry.term;
    }
  }

  /** A member has done what a `Ready` asked for: its role, what it says is committed. */
  turned({ id, store }: RaftMember, raft: Raft): void {
    const { commitIndex, isLeader } = raft;
    const before = this.commits.get(id) ?? 0;
    if (commitIndex < before) this.violate(`${id} takes its commit index back from ${before} to ${commitIndex}`);
    if (commitIndex !== before) {
      this.commits.set(id, commitIndex);
      this.committed(id, raft.term, store, commitIndex);
    }
    if (!isLeader) return;
    if (this.leaders.get(raft.term) !== id) this.elected(id, raft, store, before);
    if (commitIndex > before) this.durable(id, raft, store);
  }

  crashed(id: PeerId): void {
    this.commits.delete(id);
  }

  /** While one holds a lease nobody else leads a later term. */
  private leases(id: PeerId, term: number): void {
    for (const { id: other, raft, isStill } of this.members.values()) {
      if (raft !== null && other !== id && !isStill && raft.holdsLease && raft.term < term) this.violate(`${other} holds a lease of term ${raft.term} when ${id} begins to lead term ${term}`);
    }
  }

  private vote(id: PeerId, term: number, votedFor: PeerId): void {
    let ofStore = this.votes.get(id);
    if (ofStore === undefined) this.votes.set(id, (ofStore = new Map()));
    const before = ofStore.get(term);
    if (before === undefined) ofStore.set(term, votedFor);
    else if (before !== votedFor) this.violate(`${id} votes for ${before} and ${votedFor} in term ${term}`);
  }

  private writes(id: PeerId, entry: Entry, termBefore: number): void {
    const { index, term } = entry;
    const key = index * PACK + term;
    const known = this.written.get(key);
    const content = contentOf(entry);
    if (known === undefined) this.written.set(key, { content, termBefore });
    else if (known.content !== content || known.termBefore !== termBefore) this.violate(`${id} writes another entry at ${index} of term ${term} than others, or after another one`);
  }

  /** Election safety: one leader a term. Leader completeness: it has everything that was committed in a term before. */
  private elected(id: PeerId, raft: Raft, store: StoreModel, commitBefore: number): void {
    const { term } = raft;
    const known = this.leaders.get(term);
    if (known !== undefined) this.violate(`${known} and ${id} lead term ${term}`);
    this.leaders.set(term, id);
    this.elections += 1;
    this.termMax = Math.max(this.termMax, term);
    // Its latest configuration may remove it, until that is committed.
    if (!isVoter(raft.config, id) && !isVoter(store.configBefore(commitBefore + 1), id)) this.violate(`${id} leads term ${term} without a vote in its configuration`);
    this.leases(id, term);
    for (let index = Math.max(1, store.snapshotIndex); index <= this.committedTerms.length; index++) {
      // Slow to speak up, it may be deposed already.
      if ((this.committedIn[index - 1] ?? 0) >= term) return;
      if (store.termAt(index) === this.committedTerms[index - 1]) continue;
      this.violate(`${id} leads term ${term} without the entry of term ${this.committedTerms[index - 1]} at ${index}, which is committed`);
      return;
    }
  }

  private committed(id: PeerId, inTerm: number, store: StoreModel, commitIndex: number): void {
    const upTo = Math.min(commitIndex, store.lastIndex);
    for (let index = this.committedTerms.length + 1; index <= upTo; index++) {
      const term = store.termAt(index);
      if (term === null) return this.violate(`${id} has a snapshot up to ${store.snapshotIndex}, and nobody knew ${index} to be committed`);
      this.committedTerms.push(term);
      this.committedIn.push(inTerm);
    }
  }

  /** What a leader calls committed is on the disks of a majority of voters, two in a joint configuration, whatever learners have. */
  private durable(id: PeerId, { commitIndex, term, config }: Raft, store: StoreModel): void {
    const open = store.configsAfter(commitIndex);
    if (open > 1) this.violate(`${id} leads term ${term} with ${open} configurations that are not committed`);
    // The configuration may be newer than the entry, which others were counted for: then their quorums meet, as was checked.
    if (open > 0 || commitIndex > store.lastIndex) return;
    const committed = store.termAt(commitIndex);
    const holds = (peer: PeerId): boolean => {
      const other = this.members.get(peer)?.store;
      return other !== undefined && (other.snapshotIndex >= commitIndex || other.termAt(commitIndex) === committed);
    };
    // One that just ended a joint configuration wrote the last one already.
    if (!haveQuorum(config, holds)) this.violate(`${id} commits ${commitIndex} in term ${term} with ${JSON.stringify(config)}, and too few voters have it on disk`);
  }

  private meet(id: PeerId, one: Configuration, other: Configuration): void {
    // Whoever joins knows no configuration before the first that it gets.
    if (one.voters.length === 0) return;
    const key = JSON.stringify([one, other]);
    let meets = this.meets.get(key);
    if (meets === undefined) this.meets.set(key, (meets = quorumsMeet(one, other)));
    if (!meets) this.violate(`${id} goes from ${JSON.stringify(one)} to ${JSON.stringify(other)}, which share no quorum`);
  }
}
