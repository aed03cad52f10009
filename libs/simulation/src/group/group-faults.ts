/** What happens to coordinators that form a group, and to the group: crashes, pauses, cuts, disks and addresses that change, orders of operators, wishes that are replayed. */
import type { Configuration } from '@muster/raft';
import { haveQuorum } from '../raft/quorums.js';
import { Recurring } from '../recurring.js';
import type { SeededRandom } from '../seeded-random.js';
import type { GroupWorld } from './group-world.js';
import { sendWish } from './introducing.js';
import type { Site } from './site.js';

const PAUSE_MS_MAX = 8000;
/** No answer that it gave with its old disk is used any more then. Milliseconds. */
const WIPE_AWAY_MS = 6000;
const SITES_MAX = 8;

export class GroupFaults {
  private readonly faults: Recurring;
  /** Nobody starts them again before. */
  private readonly awayUntilMs = new Map<Site, number>();

  constructor(
    private readonly world: GroupWorld,
    private readonly random: SeededRandom,
  ) {
    this.faults = new Recurring(world.clock, random);
    world.onCrashed = (site) => this.crashed(site);
  }

  begin(): void {
    const { world, random } = this;
    const { settings, clock } = world;
    for (const site of world.sites) clock.at(random.between(0, settings.startSpreadMs), () => this.start(site));
    this.faults.often(settings.crashEveryMs, () => this.any().crash());
    this.faults.often(settings.pauseEveryMs, () => this.any().pause(random.between(0, PAUSE_MS_MAX)));
    this.faults.often(settings.cutEveryMs, () => this.cut());
    this.faults.often(settings.wipeEveryMs, () => this.wipe());
    this.faults.often(settings.moveEveryMs, () => this.move());
    this.faults.often(settings.removeEveryMs, () => this.remove());
    this.faults.often(settings.replaceEveryMs, () => this.replace());
    this.faults.often(settings.handOverEveryMs, () => world.leader()?.disk.member.order((raft) => void raft.transferLeadership(this.any().nodeId)));
    this.faults.often(settings.replayEveryMs, () => this.replay());
  }

  /** From now on nothing new goes wrong. */
  end(): void {
    this.faults.end();
  }

  private any(): Site {
    const { sites } = this.world;
    const site = sites[this.random.nextInt(sites.length)];
    if (site === undefined) throw new Error('there is no site');
    return site;
  }

  private start(site: Site): void {
    if (this.faults.isOver || this.world.clock.nowMs() < (this.awayUntilMs.get(site) ?? 0)) return;
    this.world.counts.starts += 1;
    site.start();
  }

  private crashed(site: Site): void {
    if (this.faults.isOver) return;
    const { clock, settings } = this.world;
    clock.after(1 + this.random.exponential(settings.awayMsMean), () => this.start(site));
  }

  private cut(): void {
    const { network, clock, settings, sites } = this.world;
    const lonely = this.any();
    const shape = this.random.nextInt(4);
    const side = new Set(this.random.sample(sites, 1 + this.random.nextInt(sites.length)));
    const pairs = sites.flatMap((from) => sites.filter((to) => to !== from && this.isCut(shape, from, to, lonely, side)).map((to): [string, string] => [from.place, to.place]));
    for (const [from, to] of pairs) network.change(from, to, { isCut: true });
    clock.after(this.random.exponential(settings.cutMsMean), () => {
      if (!this.faults.isOver) for (const [from, to] of pairs) network.change(from, to, { isCut: false });
    });
  }

  /** All of one, only what it sends, a side against the other, or links drawn one by one. */
  private isCut(shape: number, from: Site, to: Site, lonely: Site, side: ReadonlySet<Site>): boolean {
    switch (shape) {
      case 0:
        return from === lonely || to === lonely;
      case 1:
        return from === lonely;
      case 2:
        return side.has(from) !== side.has(to);
      default:
        return this.random.chance(0.3);
    }
  }

  /** A machine fails, and comes back with an empty disk: never so many that the group has no majority left, since nobody promises anything then. */
  private wipe(): void {
    const { world } = this;
    const site = this.any();
    if (!canLose(world, site)) return;
    const startsAtMs = world.clock.nowMs() + WIPE_AWAY_MS + this.random.exponential(world.settings.awayMsMean);
    this.awayUntilMs.set(site, startsAtMs);
    site.crash();
    world.clock.at(startsAtMs, () => {
      // Others may have counted on it meanwhile, or its disk was found to be whole.
      if (!this.faults.isOver && !site.isRunning && canLose(world, site)) {
        world.counts.wipes += 1;
        world.monitors.ordered(site.disk.storeId);
        site.wipe();
      }
      this.start(site);
    });
  }

  /** One, two with each other, or all of them. */
  private move(): void {
    const { world, random } = this;
    world.counts.moves += 1;
    const moving = random.chance(0.3) ? [...world.sites] : [this.any()];
    const other = this.any();
    const [first] = moving;
    if (moving.length === 1 && first !== undefined && first !== other && random.chance(0.4)) world.swap(first, other);
    else for (const site of moving) world.move(site);
    for (const site of new Set([...moving, other])) if (!site.isRunning) world.clock.after(1 + random.exponential(world.settings.awayMsMean), () => this.start(site));
  }

  private remove(): void {
    const leader = this.world.leader();
    const site = this.any();
    if (leader?.membership === null || leader === null || !canLose(this.world, site)) return;
    leader.membership.orders.remove(site.nodeId, (reason) => {
      if (reason === null) this.world.counts.removals += 1;
    });
  }

  /** A new machine for one of them. */
  private replace(): void {
    const { world } = this;
    const leader = world.leader();
    if (leader === null || world.sites.length >= SITES_MAX || strangers(world) + 1 >= world.settings.expect) return;
    const old = this.any();
    const by = world.addSite();
    by.fault = old.fault;
    this.start(by);
    leader.membership?.orders.replace(old.nodeId, by.self, (reason) => {
      if (reason === null) world.counts.replacements += 1;
    });
  }

  /** From anywhere, to any of them. */
  private replay(): void {
    const { world, random } = this;
    const wish = world.wishes[random.nextInt(Math.max(1, world.wishes.length))];
    if (wish === undefined) return;
    world.counts.replays += 1;
    const from = this.any();
    sendWish(from, this.any().httpUrl, wish, () => undefined);
  }
}

/** That belong to no group. Enough of them would found one, where they see nobody else. */
function strangers({ sites }: GroupWorld): number {
  return sites.filter(({ disk }) => disk.clusterId === null).length;
}

/** Whatever any of them may think that the members are, the others are a majority, and their disks are what they were. */
function canLose(world: GroupWorld, lost: Site): boolean {
  const { sites, monitors } = world;
  const founded = sites.filter(({ disk }) => disk.clusterId !== null);
  if (founded.length === 0) return true;
  if (lost.disk.clusterId !== null && strangers(world) + 1 >= world.settings.expect) return false;
  const directory = monitors.directoryNow;
  const isWhole = (nodeId: string): boolean => {
    const site = founded.find((other) => other.nodeId === nodeId);
    if (site === undefined || site === lost) return false;
    const known = directory?.peers.find((peer) => peer.nodeId === nodeId);
    return known === undefined || (known.storeId === site.disk.storeId && !known.leaving);
  };
  const configs = founded.flatMap(({ disk: { member } }): Configuration[] => [member.store.config, member.store.configBefore(member.store.lastIndex)]).filter(({ voters }) => voters.length > 0);
  // Whoever is on the way to a vote will be counted soon.
  const coming = [...(directory?.peers.map(({ nodeId }) => nodeId) ?? []), ...configs.flatMap(({ learners }) => learners)];
  configs.push(...configs.map((config): Configuration => ({ ...config, voters: [...new Set([...config.voters, ...coming])] })));
  return configs.every((config) => haveQuorum(config, isWhole));
}
