/** What happens to the control plane: crashes, pauses and cuts of coordinators, their disks, Kafka, handovers, and agents that come and go. */
import { Recurring } from '../recurring.js';
import type { SeededRandom } from '../seeded-random.js';
import { BUS } from '../simulated-bus.js';
import type { ControlAgent } from './control-agent.js';
import type { ControlWorld } from './control-world.js';

const PAUSE_MS_MAX = 8000;
const SLOW_DISK_MS_MAX = 4000;
const KAFKA_AWAY_MS_MAX = 60_000;
const AGENT_AWAY_MS_MEAN = 20_000;
/** Fewer are gone at the same time than a brake would be for. Count. */
const AGENTS_GONE_MAX = 3;

export class ControlFaults {
  private readonly faults: Recurring;
  private readonly ids: readonly string[];
  private readonly nodes: readonly ControlAgent[];

  constructor(
    private readonly world: ControlWorld,
    private readonly random: SeededRandom,
  ) {
    this.ids = [...world.coordinators.keys()];
    this.nodes = [...world.agents.values()].filter(({ nodeId }) => !world.coordinators.has(nodeId));
    this.faults = new Recurring(world.clock, random);
    world.onCrashed = (id) => this.crashed(id);
  }

  begin(): void {
    const { world, random } = this;
    const { settings } = world;
    this.faults.often(settings.coordinatorCrashEveryMs, () => world.crashCoordinator(this.anyId()));
    this.faults.often(settings.coordinatorPauseEveryMs, () => world.pauseCoordinator(this.anyId(), random.between(0, PAUSE_MS_MAX)));
    this.faults.often(settings.cutEveryMs, () => this.cut());
    this.faults.often(settings.laneEveryMs, () => this.lanes());
    this.faults.often(settings.slowDiskEveryMs, () => this.slowDisk());
    this.faults.often(settings.handOverEveryMs, () => world.leader()?.member.order((raft) => void raft.transferLeadership(this.anyId())));
    this.faults.often(settings.kafkaEveryMs, () => this.kafka());
    this.faults.often(settings.agentCrashEveryMs, () => this.crashAgent());
  }

  /** From now on nothing new goes wrong. */
  end(): void {
    this.faults.end();
  }

  private anyId(): string {
    return this.ids[this.random.nextInt(this.ids.length)] ?? '';
  }

  private crashed(id: string): void {
    const { clock, settings, coordinators, monitors } = this.world;
    if (this.faults.isOver) return;
    const awayMs = 1 + this.random.exponential(settings.awayMsMean);
    monitors.troubled(id, awayMs);
    clock.after(awayMs, () => {
      if (!this.faults.isOver) this.world.startCoordinator(id);
    });
    // The kernel refuses connections, and Raft's transport says so.
    for (const other of coordinators.values()) {
      if (other.nodeId !== id && this.random.chance(0.5)) clock.after(this.random.between(1, 30), () => other.member.order((raft) => raft.peerGone(id)));
    }
  }

  /** Between coordinators; or of one from everybody; in one direction or both. */
  private cut(): void {
    const { network, clock, settings, monitors } = this.world;
    const lonely = this.anyId();
    const shape = this.random.nextInt(4);
    const others = [...this.ids, ...(shape === 3 ? [BUS, ...this.nodes.map(({ nodeId }) => nodeId)] : [])].filter((id) => id !== lonely);
    const pairs = others.flatMap((other): [string, string][] => [...(shape === 1 ? [] : [[lonely, other] as [string, string]]), ...(shape === 2 ? [] : [[other, lonely] as [string, string]])]);
    const forMs = this.random.exponential(settings.cutMsMean);
    for (const id of this.ids) monitors.troubled(id, forMs);
    for (const [from, to] of pairs) network.change(from, to, { isCut: true });
    clock.after(forMs, () => {
      for (const [from, to] of pairs) network.change(from, to, { isCut: false });
    });
  }

  /**
   * Some members and one coordinator, or all of them but one, lose sight of each other, in one direction or both, or by halves. No excuse for anybody: the
   * bus, another coordinator and other members still see who lives. Several may be at once.
   */
  private lanes(): void {
    const { network, clock, settings, counts } = this.world;
    const { random } = this;
    const spared = this.anyId();
    const towards = this.ids.length > 1 && random.chance(0.3) ? this.ids.filter((id) => id !== spared) : [spared];
    const members = random.sample(this.nodes, 1 + random.nextInt(this.nodes.length));
    const shape = random.nextInt(3);
    const weather = random.chance(0.3) ? { lossRate: random.between(0.2, 0.9) } : { isCut: true };
    const pairs = members.flatMap(({ nodeId }) => towards.flatMap((id): [string, string][] => [...(shape === 1 ? [] : [[nodeId, id] as [string, string]]), ...(shape === 2 ? [] : [[id, nodeId] as [string, string]])]));
    counts.laneFaults += 1;
    for (const [from, to] of pairs) network.change(from, to, weather);
    clock.after(random.exponential(settings.cutMsMean), () => {
      for (const [from, to] of pairs) network.change(from, to, 'isCut' in weather ? { isCut: false } : { lossRate: 0 });
    });
  }

  private slowDisk(): void {
    const coordinator = this.world.coordinators.get(this.anyId());
    if (coordinator !== undefined) coordinator.member.diskStillUntilMs = this.world.clock.nowMs() + this.random.between(0, SLOW_DISK_MS_MAX);
  }

  private kafka(): void {
    const { kafka, settings, coordinators } = this.world;
    const forMs = Math.min(KAFKA_AWAY_MS_MAX, this.random.exponential(settings.kafkaAwayMsMean));
    if (this.random.chance(0.3)) return kafka.slow(forMs);
    // One outage ends before the next begins.
    if (!kafka.isUp) return;
    kafka.stop(forMs);
    for (const { bus } of coordinators.values()) bus.stop(forMs);
  }

  private crashAgent(): void {
    const agent = this.nodes[this.random.nextInt(this.nodes.length)];
    if (agent === undefined || !agent.isRunning || this.nodes.filter(({ isRunning }) => !isRunning).length >= AGENTS_GONE_MAX) return;
    this.world.counts.agentCrashes += 1;
    if (this.random.chance(0.2)) agent.leave();
    else agent.crash(this.random.chance(0.5) ? 'host' : 'process');
    this.world.clock.after(1 + this.random.exponential(AGENT_AWAY_MS_MEAN), () => {
      if (!this.faults.isOver) agent.start();
    });
  }
}
