/** The cluster under test: bus, coordinator and gateway as they are shipped, and members that can be harmed in every way we know. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@muster/testing';
import { ROOT, scratchFolder, Service, until } from './service.js';
import { type Join, type Order, type Word, wordSchema } from './member-orders.js';
import { HUB_ADDRESS, Link } from './own-network.js';
import { Verdicts } from './verdicts.js';

const START_MS_MAX = 60_000;
const MEMBER_PROGRAM = join(ROOT, 'libs', 'test-cluster', 'dist', 'member.js');
/** A young generation of 1 MiB instead of 16 saves 25 MB a member. */
const MEMBER_ARGS = ['--max-semi-space-size=1', MEMBER_PROGRAM];

export interface TestClusterOptions {
  /** True inside a network of our own. */
  readonly isApart: boolean;
  /** Settings of the coordinator beside its defaults. */
  readonly env: Readonly<Record<string, string>>;
}

export interface MemberOptions {
  readonly nodeId: string;
  readonly intervalMs: number;
  /** What it serves, any path of it by HTTP; `consumer` gets what the gateway takes at `/api/logs`. Default `node`. */
  readonly service?: string;
  /** A network of its own behind a link that can be cut. Which one, of those that exist at once; null: none. */
  readonly linkSlot: number | null;
}

export class Member {
  private readonly heard: Word[] = [];

  private constructor(
    readonly nodeId: string,
    private readonly child: ChildProcess,
    private readonly link: Link | null,
  ) {
    child.on('message', (word) => this.heard.push(wordSchema.parse(word)));
  }

  static async start({ nodeId, service = 'node', intervalMs, linkSlot }: MemberOptions, facts: Pick<Join, 'busUrl' | 'zone' | 'address'> & { readonly coordinatorPort: number }): Promise<Member> {
    const [command, ...args] = linkSlot === null ? [process.execPath, ...MEMBER_ARGS] : ['unshare', '--net', process.execPath, ...MEMBER_ARGS];
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const link = await once(child, 'message', { signal: AbortSignal.timeout(START_MS_MAX) })
      .then(() => (linkSlot === null ? null : Link.plugIn(child.pid ?? 0, linkSlot)))
      .catch((error: unknown) => {
        child.kill('SIGKILL');
        throw error;
      });
    const member = new Member(nodeId, child, link);
    const { coordinatorPort, ...rest } = facts;
    member.tell({ kind: 'join', nodeId, service, intervalMs, ...rest, address: link?.address ?? facts.address, coordinators: [`http://${facts.address}:${coordinatorPort}`] });
    return member;
  }

  /** What its agent was last told about draining; null: nothing. */
  get drain(): Extract<Word, { kind: 'drain' }> | null {
    return this.heard.findLast((word) => word.kind === 'drain') ?? null;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  /** Its host is gone, as far as anybody can tell: nothing comes out, nothing gets in, no connection is closed. */
  vanish(): void {
    this.link?.cut();
    this.pause();
  }

  /** Its main loop stands still; the process does not. */
  block(forMs: number): void {
    this.tell({ kind: 'block', forMs });
  }

  private tell(order: Order): void {
    this.child.send(order);
  }
}

export class TestCluster {
  readonly verdicts = new Verdicts();
  private readonly members = new Set<Member>();

  private constructor(
    readonly services: { readonly bus: Service; readonly coordinator: Service; readonly gateway: Service },
    private readonly data: string,
    private readonly facts: { readonly busUrl: string; readonly address: string; readonly coordinatorPort: number; readonly gatewayPort: number },
  ) {}

  static async start({ isApart, env }: TestClusterOptions): Promise<TestCluster> {
    const data = scratchFolder('cluster');
    const address = isApart ? HUB_ADDRESS : '127.0.0.1';
    const [coordinatorPort, gatewayPort] = [await freePort(), await freePort()];
    const socket = join(data, 'bus.sock');
    const busUrl = `embedded:${socket}`;
    const service = (name: 'coordinator' | 'gateway', port: number, more: Readonly<Record<string, string>> = {}): Service =>
      Service.start(name, [join(ROOT, 'apps', name, 'dist', 'main.js')], {
        MUSTER_NODE_ID: `${name}-1`,
        MUSTER_NODE_DATA_DIR: join(data, name),
        MUSTER_NODE_ADVERTISE_HOST: address,
        MUSTER_HTTP_HOST: isApart ? '0.0.0.0' : address,
        MUSTER_HTTP_PORT: String(port),
        MUSTER_BUS_URL: busUrl,
        MUSTER_CLUSTER_COORDINATORS: `http://${address}:${coordinatorPort}`,
        MUSTER_LOG_LEVEL: 'warn',
        ...more,
      });
    const bus = Service.start('bus', [join(ROOT, 'apps', 'cli', 'dist', 'main.js'), 'bus', '--socket', socket, '--file', join(data, 'bus.sqlite')], {});
    const services = { bus, coordinator: service('coordinator', coordinatorPort, env), gateway: service('gateway', gatewayPort) };
    const all = Object.values(services);
    const cluster = new TestCluster(services, data, { busUrl, address, coordinatorPort, gatewayPort });
    try {
      const url = cluster.gatewayUrl;
      await until('the gateway to know the cluster', START_MS_MAX, async () => (all.some((one) => !one.isRunning) || (await fetch(`${url}/cluster/status`)).ok ? true : undefined));
      const ended = all.find((one) => !one.isRunning);
      if (ended !== undefined) throw new Error(`${ended.name} has ended`);
      cluster.verdicts.follow(url);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw new Error(`${String(error)}; ${all.map((one) => `${one.name} said: ${one.output || 'nothing'}`).join('; ')}`, { cause: error });
    }
  }

  get gatewayUrl(): string {
    return `http://${this.facts.address}:${this.facts.gatewayPort}`;
  }

  get coordinatorUrl(): string {
    return `http://${this.facts.address}:${this.facts.coordinatorPort}`;
  }

  /** Started and HEALTHY. */
  async join(options: MemberOptions, zone = 'default'): Promise<Member> {
    const { busUrl, address, coordinatorPort } = this.facts;
    const member = await Member.start(options, { busUrl, address, coordinatorPort, zone });
    this.members.add(member);
    await this.verdicts.untilHealthy([options.nodeId], START_MS_MAX);
    return member;
  }

  /** Kills it, whatever state it is in, and expects it to be missed. */
  remove(member: Member): void {
    this.verdicts.expect(member.nodeId);
    member.kill();
    this.members.delete(member);
  }

  async stop(): Promise<void> {
    this.verdicts.stop();
    for (const member of this.members) member.kill();
    const { gateway, coordinator, bus } = this.services;
    for (const service of [gateway, coordinator, bus]) await service.stop();
    rmSync(this.data, { recursive: true, force: true });
  }
}
