/** What happens to a simulated group: crashes, pauses, cuts of every shape, clogged links, slow disks, changes of members, handovers. Each at random times of its own. */
import type { ConfigChange, PeerId } from '@muster/raft';
import { Recurring } from '../recurring.js';
import type { SeededRandom } from '../seeded-random.js';
import type { RaftWorld } from './raft-world.js';

const PAUSE_MS_MAX = 8000;
const CLOG_MS_MAX = 5000;
const SLOW_DISK_MS_MAX = 4000;
/** For the others to see that the kernel refuses connections. Milliseconds. */
const GONE_MS_MAX = 30;

export class RaftFaults {
  private readonly faults: Recurring;

  constructor(
    private readonly world: RaftWorld,
    private readonly random: SeededRandom,
  ) {
    this.faults = new Recurring(world.clock, random);
    world.onCrashed = (id) => this.crashed(id);
  }

  begin(): void {
    const { settings } = this.world;
    this.faults.often(settings.crashEveryMs, () => this.world.members.get(this.anyId())?.crash());
    this.faults.often(settings.pauseEveryMs, () => this.world.members.get(this.anyId())?.pause(this.random.between(0, PAUSE_MS_MAX)));
    this.faults.often(settings.cutEveryMs, () => this.cut());
    this.faults.often(settings.clogEveryMs, () => this.clog());
    this.faults.often(settings.slowDiskEveryMs, () => this.slowDisk());
    this.faults.often(settings.changeEveryMs, () => this.world.change(this.anyChange()));
    this.faults.often(settings.handOverEveryMs, () => this.world.handOver(this.anyId()));
  }

  /** From now on nothing new goes wrong. */
  end(): void {
    this.faults.end();
  }

  private anyId(): PeerId {
    const { ids } = this.world;
    return ids[this.random.nextInt(ids.length)] ?? '';
  }

  /** A crashed process comes back; the others may learn of its end at once. */
  private crashed(id: PeerId): void {
    const { clock, settings, members } = this.world;
    if (this.faults.isOver) return;
    clock.after(1 + this.random.exponential(settings.awayMsMean), () => {
      if (!this.faults.isOver) members.get(id)?.start();
    });
    // Leases trust this hint, and a process that is back already makes it wrong.
    if (settings.leases || this.random.chance(0.3)) return;
    for (const other of members.values()) {
      if (other.id !== id) clock.after(this.random.between(0, GONE_MS_MAX), () => other.order((raft) => raft.peerGone(id)));
    }
  }

  private cut(): void {
    const { network, clock, ids, settings } = this.world;
    const pairs = this.pairs();
    for (const [from, to] of pairs) network.change(from, to, { isCut: true });
    clock.after(this.random.exponential(settings.cutMsMean), () => {
      if (this.faults.isOver || ids.length === 0) return;
      for (const [from, to] of pairs) network.change(from, to, { isCut: false });
    });
  }

  /** Which directions are cut: all of one member, only what it sends or hears, a side against the other, or links drawn one by one. */
  private pairs(): [PeerId, PeerId][] {
    const { ids } = this.world;
    const lonely = this.anyId();
    const shape = this.random.nextInt(5);
    const side = new Set(this.random.sample(ids, 1 + this.random.nextInt(Math.max(1, ids.length - 1))));
    const all = ids.flatMap((from) => ids.filter((to) => to !== from).map((to): [PeerId, PeerId] => [from, to]));
    return all.filter(([from, to]) => {
      switch (shape) {
        case 0:
          return from === lonely || to === lonely;
        case 1:
          return from === lonely;
        case 2:
          return to === lonely;
        case 3:
          return side.has(from) !== side.has(to);
        default:
          return this.random.chance(0.3);
      }
    });
  }

  /** Links are clogged one by one, and come free in another order. */
  private clog(): void {
    const { world, random } = this;
    const { network, clock, ids } = world;
    for (const from of ids) {
      for (const to of ids) {
        if (from !== to && random.chance(0.4)) network.change(from, to, { cloggedUntilMs: clock.nowMs() + random.between(0, CLOG_MS_MAX) });
      }
    }
    world.cloggedUntilMs = clock.nowMs() + CLOG_MS_MAX;
  }

  private slowDisk(): void {
    const member = this.world.members.get(this.anyId());
    if (member !== undefined) member.diskStillUntilMs = this.world.clock.nowMs() + this.random.between(0, SLOW_DISK_MS_MAX);
  }

  private anyChange(): ConfigChange {
    const kind = this.random.next();
    if (kind < 0.4) return { addVoters: [this.anyId()] };
    if (kind < 0.6) return { remove: [this.anyId()] };
    if (kind < 0.75) return { addLearners: [this.anyId()] };
    if (kind < 0.9) return { addVoters: [this.anyId()], remove: [this.anyId()] };
    return { addVoters: this.random.sample(this.world.ids, 2), remove: this.random.sample(this.world.ids, 1) };
  }
}
