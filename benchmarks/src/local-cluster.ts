/** A cluster as `npm start` makes it, on ports of its own, for benchmarks that kill parts of it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterStatus, clusterStatusSchema } from '@muster/contracts';
import { ROOT, scratchFolder, Service, until } from '@muster/test-cluster';

const READY_TIMEOUT_MS = 60_000;

export interface LocalProcess {
  readonly name: string;
  readonly role: string;
  readonly nodeId: string | null;
  readonly pid: number;
  readonly httpUrl: string | null;
}

export class LocalCluster {
  private constructor(
    private readonly supervisor: Service,
    private readonly data: string,
    readonly gatewayUrl: string,
    readonly coordinatorUrl: string,
  ) {}

  /** Starts on an empty data directory; resolves at once, `allHealthy` waits. */
  static start(options: { portOffset: number; arguments?: readonly string[] }): LocalCluster {
    const data = scratchFolder('cluster');
    const args = [join(ROOT, 'tools', 'run.cjs'), 'up', '--fresh', '--data', data, '--port-offset', String(options.portOffset), ...(options.arguments ?? [])];
    const url = (port: number): string => `http://127.0.0.1:${port + options.portOffset}`;
    return new LocalCluster(Service.start('npm start', args, { NO_COLOR: '1' }), data, url(8080), url(8081));
  }

  get pid(): number {
    return this.supervisor.pid;
  }

  async status(): Promise<ClusterStatus> {
    const response = await fetch(`${this.gatewayUrl}/cluster/status`);
    if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
    return clusterStatusSchema.parse(await response.json());
  }

  /** Members, once at least `membersMin` are there and all of them are HEALTHY. */
  async allHealthy(membersMin: number): Promise<number> {
    const probe = async (): Promise<number | undefined> => {
      const members = Object.values((await this.status()).membership);
      return members.length >= membersMin && members.every((member) => member.status === 'HEALTHY') ? members.length : undefined;
    };
    return until(`${membersMin} members, all HEALTHY`, READY_TIMEOUT_MS, probe).catch((error: unknown) => {
      throw new Error(`${String(error)}; the cluster's last output:\n${this.supervisor.output}`);
    });
  }

  /** What `muster ps --json` prints. */
  async processes(): Promise<readonly LocalProcess[]> {
    const ps = Service.start('muster ps', [join(ROOT, 'tools', 'run.cjs'), 'ps', '--json', '--data', this.data], {});
    await until('muster ps', 20_000, async () => (ps.isRunning ? undefined : true));
    return JSON.parse(ps.output) as readonly LocalProcess[];
  }

  async stop(): Promise<void> {
    await this.supervisor.stop('SIGINT');
    rmSync(this.data, { recursive: true, force: true });
  }
}
