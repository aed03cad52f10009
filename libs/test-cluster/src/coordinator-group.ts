/** Coordinators as processes of their own, on one bus: they can be killed, stopped, cut off from each other, and moved to other addresses. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type RaftStatus, raftStatusSchema } from '@muster/contracts';
import { isApart, Link } from './own-network.js';
import { freePort } from '@muster/testing';
import { ROOT, scratchFolder, Service, until } from './service.js';

const START_MS_MAX = 60_000;
const ASK_MS_MAX = 1000;
const COORDINATOR = join(ROOT, 'apps', 'coordinator', 'dist', 'main.js');
export const SECRET = 'only-for-tests-0123456789';

export interface CoordinatorGroupOptions {
  readonly count: number;
  /** True inside a network of our own: each coordinator gets a link that can be cut. */
  readonly isApart: boolean;
  /** Settings beside the defaults. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One coordinator: its place stays, its process comes and goes. */
export class Seat {
  private service: Service | null = null;
  private link: Link | null = null;
  url = '';
  /** Where it speaks Raft: another one each time, 0 for any. */
  raftPort = 0;

  constructor(
    readonly nodeId: string,
    readonly dataDir: string,
    private readonly program: (seat: Seat) => Readonly<Record<string, string>>,
  ) {}

  get isRunning(): boolean {
    return this.service?.isRunning ?? false;
  }

  get pid(): number {
    if (this.service === null) throw new Error(`${this.nodeId} was not started`);
    return this.service.pid;
  }

  get output(): string {
    return this.service?.output ?? '';
  }

  /** `slot`: its link; null: none, it shares our network. */
  async start(slot: number | null): Promise<void> {
    if (slot === null) {
      // One that the system gives out may be another suite's between the moments at which it is held and listened on.
      this.raftPort = await freePort();
      this.service = Service.start(this.nodeId, [COORDINATOR], this.program(this));
      return;
    }
    this.service = Service.startApart(this.nodeId, [COORDINATOR], this.program(this));
    const { pid } = this.service;
    await until(`${this.nodeId} to have a network of its own`, START_MS_MAX, () => Promise.resolve(isApart(pid) ? true : undefined), 5);
    this.link = Link.plugIn(pid, slot);
  }

  kill(): void {
    this.service?.child.kill('SIGKILL');
  }

  pause(): void {
    this.service?.pause();
  }

  resume(): void {
    this.service?.resume();
  }

  /** In order, or as the signal says. */
  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.service?.stop(signal);
  }

  /** What it sends to `other` is lost. */
  mute(other: Seat): void {
    this.link?.mute(new URL(other.url).hostname);
  }

  unmute(other: Seat): void {
    this.link?.unmute(new URL(other.url).hostname);
  }

  async raft(): Promise<RaftStatus> {
    const answer = await fetch(`${this.url}/raft/status`, { signal: AbortSignal.timeout(ASK_MS_MAX) });
    return raftStatusSchema.parse(await answer.json());
  }
}

export class CoordinatorGroup {
  readonly seats: readonly Seat[];
  private readonly bus: Service;
  private readonly busSocket: string;
  private generation = 0;

  private constructor(
    private readonly options: CoordinatorGroupOptions,
    private readonly data: string,
  ) {
    this.busSocket = join(data, 'bus.sock');
    this.bus = Service.start('bus', [join(ROOT, 'apps', 'cli', 'dist', 'main.js'), 'bus', '--socket', this.busSocket, '--file', join(data, 'bus.sqlite')], {});
    this.seats = Array.from({ length: options.count }, (_, at) => {
      const nodeId = `coordinator-${at + 1}`;
      return new Seat(nodeId, join(data, nodeId), (seat) => this.settings(seat));
    });
  }

  /** Started, formed, and led. */
  static async start(options: CoordinatorGroupOptions): Promise<CoordinatorGroup> {
    const group = new CoordinatorGroup(options, scratchFolder('coordinators'));
    try {
      await group.move();
      await group.startAll();
      await group.leader(START_MS_MAX);
      return group;
    } catch (error) {
      const said = group.seats.map(({ nodeId, output }) => `${nodeId} said: ${output || 'nothing'}`).join('; ');
      await group.stop();
      throw new Error(`${String(error)}; ${said}`, { cause: error });
    }
  }

  get busUrl(): string {
    return `embedded:${this.busSocket}`;
  }

  get urls(): readonly string[] {
    return this.seats.map(({ url }) => url);
  }

  /** Gives every coordinator an address that none of them had before; to be called while none runs. */
  async move(): Promise<void> {
    this.generation += 1;
    for (const seat of this.seats) seat.url = this.options.isApart ? `http://${Link.addressAt(this.slot(seat))}:8081` : `http://127.0.${this.generation}.${this.seats.indexOf(seat) + 1}:${await freePort()}`;
  }

  async startAll(): Promise<void> {
    await Promise.all(this.seats.filter(({ isRunning }) => !isRunning).map((seat) => this.start(seat)));
  }

  start(seat: Seat): Promise<void> {
    return seat.start(this.options.isApart ? this.slot(seat) : null);
  }

  /** The one that says it leads, in the greatest term that anybody knows, and that a majority follows. */
  leader(timeoutMs: number, among: readonly Seat[] = this.seats): Promise<Seat> {
    return until(`a leader among ${among.map(({ nodeId }) => nodeId).join(', ')}`, timeoutMs, async () => {
      const heard = await Promise.all(among.map(async (seat) => ({ seat, status: await seat.raft().catch(() => null) })));
      const term = Math.max(0, ...heard.map(({ status }) => status?.term ?? 0));
      const led = heard.find(({ status }) => status?.state === 'leader' && status.term === term && status.hasQuorum);
      const followers = heard.filter(({ status }) => status?.term === term && status.leaderId === led?.seat.nodeId);
      return followers.length > this.seats.length / 2 ? led?.seat : undefined;
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.seats.map((seat) => seat.stop()));
    await this.bus.stop();
    rmSync(this.data, { recursive: true, force: true });
  }

  pauseBus(): void {
    this.bus.pause();
  }

  resumeBus(): void {
    this.bus.resume();
  }

  private slot(seat: Seat): number {
    return ((this.generation - 1) % 8) * 10 + this.seats.indexOf(seat) + 1;
  }

  private settings(seat: Seat): Readonly<Record<string, string>> {
    const { hostname, port } = new URL(seat.url);
    return {
      MUSTER_NODE_ID: seat.nodeId,
      MUSTER_NODE_DATA_DIR: seat.dataDir,
      MUSTER_NODE_ADVERTISE_HOST: hostname,
      MUSTER_HTTP_HOST: this.options.isApart ? '0.0.0.0' : hostname,
      MUSTER_HTTP_PORT: port,
      MUSTER_RAFT_HOST: this.options.isApart ? '0.0.0.0' : hostname,
      MUSTER_RAFT_PORT: String(seat.raftPort),
      MUSTER_BUS_URL: this.busUrl,
      MUSTER_CLUSTER_COORDINATORS: this.urls.join(','),
      MUSTER_CLUSTER_SECRET: SECRET,
      MUSTER_LOG_LEVEL: 'warn',
      ...this.options.env,
    };
  }
}
