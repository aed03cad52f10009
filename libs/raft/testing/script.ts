/**
 * Scripts of a group, in the manner of etcd's interaction tests: a command a block, and below `----` what it is expected to print.
 *
 *   group a b c [learners=d] [spares=e,f] [electionTicks=10 ...]     campaign a        propose a x y       read a 1       transfer a b
 *   change a [add=d] [learn=e] [remove=b]      compact a [keep=1]    gone a b (a is told that b ended)     stall a        tick a 3
 *   run 5 (all tick and hear each other, five times)      settle (messages until there are none)           cut a [b]      heal
 *   deliver [FILTER] (with every message told)   drop FILTER   again FILTER (delivers a copy)    wire      FILTER: from=a to=b kind=vote first=1
 *   hold a (it takes messages, and gets no turn)   release a   crash a [before=write|send|apply]   start a   status [a]   log a   lease a
 *
 * Whatever a command brings about is printed: roles, members in force, what is applied, answers to reads.
 */
import type { ConfigChange, Message, PeerId, Proposed, RaftStatus } from '../src/index.js';
import { Group, type Step, STEPS } from './group.js';
import { entriesInWords, membersInWords, messageInWords, roleInWords } from './words.js';

interface Command {
  readonly name: string;
  readonly words: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

interface Seen {
  role: string;
  members: string;
  applied: number;
}

type Act = (command: Command) => string[] | void;

/** Runs a script and gives it back with what it printed this time. */
export function replay(script: string): string {
  const stage = new Stage();
  const blocks = script.trim().split(/\n\s*\n/);
  const replayed = blocks.map((block) => {
    const lines = block.split('\n');
    const end = lines.indexOf('----');
    const asked = end === -1 ? lines : lines.slice(0, end);
    const commands = asked.filter((line) => !line.startsWith('#'));
    if (commands.length === 0) return asked.join('\n');
    const printed = commands.flatMap((line) => stage.perform(line));
    return [...asked, '----', ...(printed.length === 0 ? ['(nothing)'] : printed)].join('\n');
  });
  return `${replayed.join('\n\n')}\n`;
}

class Stage {
  private made: Group | null = null;
  private readonly seen = new Map<PeerId, Seen>();
  private readonly cuts = new Set<string>();
  private readsSeen = 0;

  private readonly acts: Readonly<Record<string, Act>> = {
    group: (command) => this.begin(command),
    campaign: this.forMember((id) => this.group.raft(id).campaign()),
    propose: this.forMember((id, { words }) => said(this.group.raft(id).propose(words.slice(1).map((text) => new TextEncoder().encode(text))))),
    change: this.forMember((id, { named }) => said(this.group.raft(id).changeConfig(changeOf(named)))),
    transfer: this.forMember((id, { words }) => said(this.group.raft(id).transferLeadership(words[1] ?? ''))),
    read: this.forMember((id, { words }) => this.group.raft(id).requestRead(Number(words[1]))),
    gone: this.forMember((id, { words }) => this.group.raft(id).peerGone(words[1] ?? '')),
    stall: this.forMember((id) => this.group.raft(id).stalled()),
    tick: this.forMember((id, { words }) => this.group.tick(id, Number(words[1] ?? 1))),
    compact: this.forMember((id, { named }) => this.group.snapshot(id, Number(named.get('keep') ?? 0))),
    hold: ({ words }) => words.forEach((id) => this.group.held.add(id)),
    release: this.forMember((id) => void this.group.held.delete(id)),
    lease: ({ words }) => [this.group.raft(words[0] ?? '').holdsLease ? 'held' : 'not held'],
    crash: ({ words, named }) => this.crash(words[0] ?? '', named.get('before')),
    start: ({ words }) => words.forEach((id) => this.group.start(id)),
    run: ({ words }) => this.group.run(Number(words[0])),
    settle: () => this.group.deliver(),
    cut: ({ words }) => this.cut(words),
    heal: () => this.cuts.clear(),
    deliver: (command) => this.deliver(command),
    drop: (command) => this.take(command).map((message) => `lost: ${messageInWords(message)}`),
    again: (command) => this.again(command),
    wire: () => this.group.wire.map(messageInWords),
    status: ({ words }) => (words.length > 0 ? words : [...this.group.running.keys()]).map((id) => statusInWords(this.group.raft(id).status())),
    log: ({ words }) => words.map((id) => `${id} has ${this.logOf(id)}`),
  };

  perform(line: string): string[] {
    const [name = '', ...rest] = line.trim().split(/\s+/);
    const act = this.acts[name];
    if (act === undefined) throw new Error(`no command is called '${name}': ${Object.keys(this.acts).join(', ')}`);
    const isNamed = (word: string): boolean => word.includes('=');
    const named = new Map(rest.filter(isNamed).map((word) => word.split('=') as [string, string]));
    const printed = act({ name, words: rest.filter((word) => !isNamed(word)), named });
    return [...(printed ?? []), ...this.news()];
  }

  private get group(): Group {
    if (this.made === null) throw new Error("a script begins with 'group'");
    return this.made;
  }

  private begin({ words, named }: Command): string[] {
    const list = (name: string): string[] => named.get(name)?.split(',') ?? [];
    const settings = Object.fromEntries([...named].filter(([name]) => name !== 'learners' && name !== 'spares').map(([name, value]) => [name, value === 'true' ? true : Number(value)]));
    this.made = new Group({ voters: words, learners: list('learners'), spares: list('spares'), settings });
    this.made.lets = ({ from, to }) => !this.cuts.has(`${from}>${to}`);
    for (const { id } of [...this.made.running.values()].map((raft) => raft.status())) this.look(id);
    return [];
  }

  private forMember(act: (id: PeerId, command: Command) => string | void): Act {
    return (command) => {
      const id = command.words[0] ?? '';
      const answer = act(id, command);
      this.group.settle(id);
      return typeof answer === 'string' ? [answer] : [];
    };
  }

  private crash(id: PeerId, before: string | undefined): string[] {
    if (before === undefined) this.group.crash(id);
    else if (STEPS.includes(before as Step)) this.group.crashBefore(id, before as Step);
    else throw new Error(`'before' is one of ${STEPS.join(', ')}`);
    this.seen.delete(id);
    return [];
  }

  private cut([one = '', other]: readonly string[]): string[] {
    const others = other === undefined ? [...this.group.stores.keys()].filter((id) => id !== one) : [other];
    for (const id of others) this.cuts.add(`${one}>${id}`).add(`${id}>${one}`);
    return [];
  }

  private deliver(command: Command): string[] {
    const told: string[] = [];
    for (let messages = this.take(command); messages.length > 0; messages = command.named.has('first') ? [] : this.take(command)) {
      for (const message of messages) {
        const isLost = !this.group.lets(message);
        told.push(isLost ? `lost: ${messageInWords(message)}` : messageInWords(message));
        if (!isLost) this.group.hand(message);
      }
    }
    return told;
  }

  private again(command: Command): string[] {
    const copies = this.group.wire.filter((message) => fits(message, command.named));
    copies.forEach((message) => this.group.hand(message));
    return copies.map((message) => `twice: ${messageInWords(message)}`);
  }

  /** Takes what fits from the wire. */
  private take({ named }: Command): Message[] {
    const { wire } = this.group;
    const taken = wire.filter((message) => fits(message, named)).slice(0, Number(named.get('first') ?? wire.length));
    wire.splice(0, wire.length, ...wire.filter((message) => !taken.includes(message)));
    return taken;
  }

  private logOf(id: PeerId): string {
    const { snapshot, entries, hard } = this.group.store(id);
    const start = snapshot === null || snapshot.index === 0 ? '' : `snapshot ${snapshot.term}:${snapshot.index} (${membersInWords(snapshot.config)}) `;
    return `${start}${entriesInWords(entries)} on disk, term ${hard.term}, vote ${hard.votedFor ?? 'for nobody'}`;
  }

  private look(id: PeerId): Seen {
    const status = this.group.raft(id).status();
    const now = { role: roleInWords(status), members: membersInWords(status.config), applied: this.group.applied.get(id)?.length ?? 0 };
    this.seen.set(id, now);
    return now;
  }

  private news(): string[] {
    const told: string[] = [];
    for (const id of this.group.running.keys()) {
      const before = this.seen.get(id) ?? { role: '', members: '', applied: 0 };
      const now = this.look(id);
      if (before.role !== now.role) told.push(`${id} ${now.role}`);
      if (before.members !== now.members) told.push(`${id} counts on ${now.members === '' ? 'nobody' : now.members}`);
      if (now.applied > before.applied) told.push(`${id} applied ${this.group.applied.get(id)?.slice(before.applied).join(' ')}`);
    }
    for (const { by, requestId, index } of this.group.reads.slice(this.readsSeen)) told.push(index === null ? `${by} has to ask again (read ${requestId})` : `${by} may read at ${index} (read ${requestId})`);
    this.readsSeen = this.group.reads.length;
    return told;
  }
}

function fits(message: Message, named: ReadonlyMap<string, string>): boolean {
  const is = (name: 'from' | 'to' | 'kind'): boolean => named.get(name)?.split(',').includes(message[name]) ?? true;
  return is('from') && is('to') && is('kind');
}

function changeOf(named: ReadonlyMap<string, string>): ConfigChange {
  const list = (name: string): string[] => named.get(name)?.split(',') ?? [];
  return { addVoters: list('add'), addLearners: list('learn'), remove: list('remove') };
}

function said(proposed: Proposed): string {
  switch (proposed.kind) {
    case 'appended':
      return `at ${proposed.term}:${proposed.index}`;
    case 'transferring':
      return 'on its way';
    case 'not-leader':
      return `not the leader, ${proposed.leaderId === null ? 'and knows of none' : `that is ${proposed.leaderId}`}`;
    case 'busy':
    case 'refused':
      return `${proposed.kind}: ${proposed.reason}`;
  }
}

function statusInWords(status: RaftStatus): string {
  const peers = status.peers.map(({ id, state, match }) => `${id} ${state} ${match}`).join(', ');
  return `${status.id} ${roleInWords(status)}, last ${status.lastIndex}, committed ${status.commitIndex}, applied ${status.appliedIndex}${peers === '' ? '' : ` (${peers})`}`;
}
