/**
 * A group in one thread: members with a store each, a network that a test steers, and every message in the open.
 *
 * Deterministic: chance comes from a seed. What a store holds survives `crash`; what was not written does not.
 */
import { type Entry, founded, type HardState, type Message, type PeerId, Raft, type RaftOptions, type ReadAnswer, type Ready, type Restored, type Snapshot } from '../src/index.js';

export interface Store {
  hard: HardState;
  snapshot: Snapshot | null;
  entries: Entry[];
}

export const STEPS = ['write', 'send', 'apply'] as const;
export type Step = (typeof STEPS)[number];

export interface GroupOptions {
  readonly voters: readonly PeerId[];
  readonly learners?: readonly PeerId[];
  /** Known to the test, but no members yet. */
  readonly spares?: readonly PeerId[];
  readonly seed?: number;
  readonly settings?: Partial<RaftOptions>;
}

export class Group {
  readonly stores = new Map<PeerId, Store>();
  readonly running = new Map<PeerId, Raft>();
  /** What each member applied since it started, oldest first, as text; a snapshot counts as what it holds. */
  readonly applied = new Map<PeerId, string[]>();
  readonly reads: (ReadAnswer & { readonly by: PeerId })[] = [];
  readonly wire: Message[] = [];
  /** Messages for which it says false are lost. */
  lets: (message: Message) => boolean = () => true;
  /** Members that take messages and ticks, and get no turn to write or speak. */
  readonly held = new Set<PeerId>();
  private readonly random: () => number;

  constructor(private readonly options: GroupOptions) {
    this.random = randomOf(options.seed ?? 1);
    const config = { voters: options.voters.toSorted(), outgoing: [], learners: (options.learners ?? []).toSorted() };
    for (const id of [...options.voters, ...(options.learners ?? []), ...(options.spares ?? [])]) {
      const isFirst = [...config.voters, ...config.learners].includes(id);
      this.stores.set(id, isFirst ? newStore(founded(config)) : newStore());
      this.start(id);
    }
  }

  start(id: PeerId): void {
    const { hard, snapshot, entries } = this.store(id);
    const raft = new Raft({ id, electionTicks: 10, heartbeatTicks: 1, random: this.random, ...this.options.settings }, { hard, snapshot, entries: [...entries] });
    this.running.set(id, raft);
    this.applied.set(id, textsOf(snapshot));
  }

  /** Ends without another word. */
  crash(id: PeerId): void {
    this.running.delete(id);
    this.held.delete(id);
  }

  raft(id: PeerId): Raft {
    const raft = this.running.get(id);
    if (raft === undefined) throw new Error(`${id} does not run`);
    return raft;
  }

  store(id: PeerId): Store {
    const store = this.stores.get(id);
    if (store === undefined) throw new Error(`${id} is not of this group`);
    return store;
  }

  /** Ticks one member and lets it write and speak. */
  tick(id: PeerId, count = 1): void {
    for (let ticked = 0; ticked < count; ticked++) {
      this.raft(id).tick();
      this.settle(id);
    }
  }

  /** Ticks everybody and delivers, so often. */
  run(ticks: number): void {
    for (let ticked = 0; ticked < ticks; ticked++) {
      for (const id of this.running.keys()) this.tick(id);
      this.deliver();
    }
  }

  /** Delivers until nothing is on the wire. */
  deliver(): void {
    for (let count = 0; this.wire.length > 0; count++) {
      if (count > 100_000) throw new Error('the members never stop talking');
      const message = this.wire.shift();
      if (message !== undefined && this.lets(message)) this.hand(message);
    }
  }

  /** Gives one message to its receiver, past the wire. */
  hand(message: Message): void {
    this.running.get(message.to)?.step(message);
    if (this.running.has(message.to)) this.settle(message.to);
  }

  /** Makes `id` the leader by an election; throws when it is not elected. */
  elect(id: PeerId): void {
    this.raft(id).campaign();
    this.settle(id);
    this.deliver();
    if (this.raft(id).status().role !== 'leader') throw new Error(`${id} was not elected: ${JSON.stringify(this.raft(id).status())}`);
  }

  propose(id: PeerId, text: string): ReturnType<Raft['propose']> {
    const proposed = this.raft(id).propose([new TextEncoder().encode(text)]);
    this.settle(id);
    return proposed;
  }

  /** Writes, sends and applies all that a member has ready. */
  settle(id: PeerId): void {
    if (this.held.has(id)) return;
    const raft = this.raft(id);
    for (let ready = raft.ready(); ready !== null; ready = raft.ready()) {
      this.perform(id, ready, STEPS.length);
      raft.advance(ready);
    }
  }

  /** Lets a held member begin its turn, and crashes it before it writes, sends or applies. */
  crashBefore(id: PeerId, step: Step): void {
    const ready = this.raft(id).ready();
    if (ready !== null) this.perform(id, ready, STEPS.indexOf(step));
    this.crash(id);
  }

  /** What a driver does with a Ready, in this order; only the first `steps` of writing, sending and applying. */
  private perform(id: PeerId, ready: Ready, steps: number): void {
    this.wire.push(...ready.early);
    if (steps > 0) write(this.store(id), ready);
    if (steps > 1) this.wire.push(...ready.messages);
    if (steps < STEPS.length) return;
    if (ready.snapshot !== null) this.applied.set(id, textsOf(ready.snapshot));
    this.applied.get(id)?.push(...ready.committed.map(textOf));
    for (const answer of ready.reads) this.reads.push({ ...answer, by: id });
  }

  /** Makes a snapshot of all that a member has applied, and cuts its log. */
  snapshot(id: PeerId, keep = 0): void {
    const { appliedIndex } = this.raft(id).status();
    const snapshot = this.raft(id).compact(appliedIndex, new TextEncoder().encode(JSON.stringify(this.applied.get(id))), keep);
    if (snapshot === null) throw new Error(`${id} has nothing to put into a snapshot`);
    const store = this.store(id);
    store.snapshot = snapshot;
    store.entries = store.entries.filter((entry) => entry.index > snapshot.index);
  }

  get leader(): PeerId | null {
    const leaders = [...this.running.values()].map((raft) => raft.status()).filter(({ role }) => role === 'leader');
    return leaders.toSorted((a, b) => b.term - a.term)[0]?.id ?? null;
  }
}

export function write(store: Store, { hard, snapshot, entries }: { readonly hard: HardState | null; readonly snapshot: Snapshot | null; readonly entries: readonly Entry[] }): void {
  if (hard !== null) store.hard = hard;
  if (snapshot !== null) {
    store.snapshot = snapshot;
    store.entries = [];
  }
  const first = entries[0]?.index;
  if (first === undefined) return;
  const held = first - (store.entries[0]?.index ?? first);
  store.entries.length = Math.max(0, Math.min(held, store.entries.length));
  store.entries.push(...entries);
}

export function textOf(entry: Entry): string {
  switch (entry.kind) {
    case 'command':
      return `${entry.term}:${new TextDecoder().decode(entry.data)}`;
    case 'config':
      return `${entry.term}:config ${entry.config.voters.join(',')}${entry.config.outgoing.length > 0 ? `|${entry.config.outgoing.join(',')}` : ''}${entry.config.learners.length > 0 ? ` learners ${entry.config.learners.join(',')}` : ''}`;
    case 'noop':
      return `${entry.term}:`;
  }
}

/** What a snapshot of the test's state machine holds: the texts of all entries, in order. */
export function textsOf(snapshot: Snapshot | null): string[] {
  return snapshot === null || snapshot.index === 0 ? [] : (JSON.parse(new TextDecoder().decode(snapshot.data)) as string[]);
}

const NOTHING: Restored = { hard: { term: 0, votedFor: null, commit: 0 }, snapshot: null, entries: [] };

export function newStore({ hard, snapshot, entries }: Restored = NOTHING): Store {
  return { hard, snapshot, entries: [...entries] };
}

/** mulberry32: small, and good enough to choose timeouts and faults. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
