/**
 * What Raft promises (paper, figure 3, and what follows from it), watched from outside over all lives of all members.
 *
 * Each promise is checked when something could break it, at the cost of what changed: a run stays fast however long its log is.
 */
import { type Configuration, type Entry, type Message, type PeerId, type Raft, type RaftStatus, type Ready } from '../src/index.js';
import { type Store, textOf } from './group.js';

const VIOLATIONS_MAX = 20;

export class Monitors {
  readonly violations: string[] = [];
  elections = 0;
  /** What was applied anywhere, in order, the term before the text. */
  private readonly history: string[] = [];
  private readonly votes = new Map<string, PeerId>();
  private readonly leaders = new Map<number, PeerId>();
  /** Of each entry that was ever written: its content, and the term of the one before it. */
  private readonly written = new Map<string, string>();
  private readonly commits = new Map<PeerId, number>();
  private readonly meets = new Map<string, boolean>();

  violate(what: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(what);
  }

  /** Entries that were applied somewhere. Count. */
  get committed(): number {
    return this.history.length;
  }

  /** State machine safety: what one applied at an index, all apply there. */
  applied(id: PeerId, index: number, text: string): void {
    const known = this.history[index - 1];
    if (known === undefined && index === this.history.length + 1) this.history.push(text);
    else if (known !== text) this.violate(`${id} applied '${text}' at ${index}, others '${known}'`);
  }

  /** One vote a term, over all lives of a store. */
  vote(id: PeerId, message: Message): void {
    const voted = message.kind === 'vote' && !message.isPre ? id : message.kind === 'vote-reply' && !message.isPre && message.granted ? message.to : null;
    if (voted === null) return;
    const key = `${id}/${message.term}`;
    const before = this.votes.get(key);
    if (before !== undefined && before !== voted) this.violate(`${id} voted for ${before} and ${voted} in term ${message.term}`);
    this.votes.set(key, voted);
  }

  /** Log matching, leader append-only, and configurations that follow each other share a quorum. To be called before the write. */
  writing(id: PeerId, raft: Raft, store: Store, { entries, snapshot }: Ready): void {
    const first = entries[0];
    if (first === undefined) return;
    const last = store.entries.at(-1)?.index ?? store.snapshot?.index ?? 0;
    if (raft.isLeader && snapshot === null && first.index <= last && first.term === raft.status().term) this.violate(`the leader ${id} overwrites its own log at ${first.index}`);
    let before = snapshot !== null && snapshot.index === first.index - 1 ? snapshot.term : (termIn(store, first.index - 1) ?? -1);
    let config = snapshot?.config ?? configBefore(store, first.index);
    for (const entry of entries) {
      const key = `${entry.index}/${entry.term}`;
      const content = `${textOf(entry)} after term ${before}`;
      const known = this.written.get(key);
      if (known === undefined) this.written.set(key, content);
      else if (known !== content) this.violate(`${id} writes '${content}' at ${key}, others '${known}'`);
      if (entry.kind === 'config') {
        if (!this.meet(config, entry.config)) this.violate(`${id} goes from ${JSON.stringify(config)} to ${JSON.stringify(entry.config)}, which share no quorum`);
        config = entry.config;
      }
      before = entry.term;
    }
  }

  /** Looks at a member that has written: its role, what it says is committed. */
  look(raft: Raft, stores: ReadonlyMap<PeerId, Store>): void {
    const status = raft.status();
    const { id, role, term, commitIndex } = status;
    const before = this.commits.get(id) ?? 0;
    if (commitIndex < before) this.violate(`${id} takes its commit index back from ${before} to ${commitIndex}`);
    this.commits.set(id, commitIndex);
    if (role !== 'leader') return;
    if (this.leaders.get(term) !== id) this.elected(status, stores.get(id) as Store);
    if (commitIndex > before) this.durable(status, stores);
  }

  ended(id: PeerId): void {
    this.commits.delete(id);
  }

  /** While one holds a lease nobody else may lead a later term. */
  leases(running: ReadonlyMap<PeerId, Raft>): void {
    const leaders = [...running.values()].filter((raft) => raft.isLeader);
    if (leaders.length < 2) return;
    for (const holder of leaders.filter((raft) => raft.holdsLease)) {
      for (const other of leaders) if (other.status().term > holder.status().term) this.violate(`${holder.status().id} holds a lease of term ${holder.status().term} while ${other.status().id} leads term ${other.status().term}`);
    }
  }

  /** Election safety: one leader a term. Leader completeness: it has everything that was ever committed. */
  private elected({ id, term }: RaftStatus, store: Store): void {
    const known = this.leaders.get(term);
    if (known !== undefined) this.violate(`${known} and ${id} lead term ${term}`);
    this.leaders.set(term, id);
    this.elections += 1;
    for (let index = (store.snapshot?.index ?? 0) + 1; index <= this.history.length; index++) {
      const entry = entryIn(store, index);
      if (entry !== undefined && textOf(entry) === this.history[index - 1]) continue;
      this.violate(`${id} leads term ${term} without '${this.history[index - 1]}' at ${index}`);
      break;
    }
  }

  /** What a leader calls committed is on the disks of a majority of voters, two in a joint configuration, whatever learners have. */
  private durable({ id, term, commitIndex, config, lastIndex }: RaftStatus, stores: ReadonlyMap<PeerId, Store>): void {
    const own = stores.get(id) as Store;
    const committed = termIn(own, commitIndex);
    // The configuration may be newer than the entry, which others were counted for: then two majorities met, or one is more or less.
    const open = own.entries.filter((entry) => entry.kind === 'config' && entry.index > commitIndex);
    if (open.length > 1) this.violate(`${id} leads term ${term} with ${open.length} configurations that are not committed`);
    const changedAt = own.entries.findLast((entry) => entry.kind === 'config' && entry.index <= lastIndex)?.index ?? 0;
    if (changedAt > commitIndex) return;
    for (const half of [config.voters, config.outgoing].filter((voters) => voters.length > 0)) {
      const holders = half.filter((peer) => {
        const store = stores.get(peer) as Store;
        return (store.snapshot?.index ?? 0) >= commitIndex || (committed !== null && termIn(store, commitIndex) === committed);
      });
      if (holders.length * 2 <= half.length) this.violate(`${id} commits ${commitIndex} in term ${term}, which only ${holders.join(', ')} of ${half.join(', ')} have on disk`);
    }
  }

  private meet(one: Configuration, other: Configuration): boolean {
    // Whoever joins knows no configuration before the first that he gets.
    if (one.voters.length === 0) return true;
    const key = JSON.stringify([one, other]);
    const known = this.meets.get(key);
    if (known !== undefined) return known;
    const meets = quorumsMeet(one, other);
    this.meets.set(key, meets);
    return meets;
  }
}

/** True when no two quorums, one of each, are disjoint. Tries all groups. */
export function quorumsMeet(one: Configuration, other: Configuration): boolean {
  const peers = [...new Set([...one.voters, ...one.outgoing, ...other.voters, ...other.outgoing])];
  const isQuorum = (config: Configuration, has: (peer: PeerId) => boolean): boolean =>
    [config.voters, config.outgoing].filter((half) => half.length > 0).every((half) => half.filter(has).length * 2 > half.length);
  for (let group = 0; group < 2 ** peers.length; group++) {
    const isIn = (peer: PeerId): boolean => (group & (1 << peers.indexOf(peer))) !== 0;
    if (isQuorum(one, isIn) && isQuorum(other, (peer) => !isIn(peer))) return false;
  }
  return true;
}

function entryIn(store: Store, index: number): Entry | undefined {
  return store.entries[index - (store.entries[0]?.index ?? 0)];
}

function termIn(store: Store, index: number): number | null {
  if (index === (store.snapshot?.index ?? 0)) return store.snapshot?.term ?? 0;
  return entryIn(store, index)?.term ?? null;
}

function configBefore(store: Store, index: number): Configuration {
  const entry = store.entries.findLast((each) => each.kind === 'config' && each.index < index);
  return entry?.kind === 'config' ? entry.config : (store.snapshot?.config ?? { voters: [], outgoing: [], learners: [] });
}
