/**
 * A network and a process table of a program's own, so that links can be cut without touching the machine's, and nothing can be
 * left behind: when the program ends, however it ends, the kernel ends everything in there, stopped processes included.
 *
 * Linux with `unshare` and `ip`; no rights are needed where user namespaces are allowed. Elsewhere whoever
 * needs links has to do without.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';

/** Set for the program inside; tells it that it need not enter again. */
export const INSIDE = 'MUSTER_TEST_OWN_NETWORK';
/** Everybody in there can be reached at this address by everybody, over links or not. */
export const HUB_ADDRESS = '10.213.0.1';

const APART = ['--net', '--pid', '--fork', '--mount-proc', '--kill-child'];
const WAYS: readonly (readonly string[])[] = [APART, ['--user', '--map-root-user', ...APART]];

const wayIn = (): readonly string[] | undefined => WAYS.find((args) => spawnSync('unshare', [...args, 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' }).status === 0);

/** Runs this very command inside and resolves with its exit code; null when there is no way in. */
export async function runInside(env: Readonly<Record<string, string | undefined>>): Promise<number | null> {
  const args = wayIn();
  if (args === undefined) return null;
  const child = spawn('unshare', [...args, process.execPath, ...process.argv.slice(1)], { stdio: 'inherit', env: { ...env, [INSIDE]: '1' } });
  const end = (): void => void child.kill('SIGTERM');
  process.on('SIGTERM', end).on('SIGINT', end);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** Whether the process has left our network for its own. */
export function isApart(pid: number): boolean {
  return readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net');
}

const ip = (...args: readonly string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });

/** Makes the new network usable: loopback, the hub's address, and a way from link to link. */
export function furnish(): void {
  ip('link', 'set', 'lo', 'up');
  ip('addr', 'add', `${HUB_ADDRESS}/32`, 'dev', 'lo');
  execFileSync('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1'], { stdio: 'pipe' });
  // The first process of a process table hears only those signals that it asks for.
  process.on('SIGTERM', () => process.exit(143)).on('SIGINT', () => process.exit(130));
}

/** A cable from the hub to one process in a network of its own. It goes with the process. */
export class Link {
  private constructor(
    private readonly pid: number,
    /** Address of the process. */
    readonly address: string,
  ) {}

  /** `slot`: which of the cables that exist at once. 1..250. The process was started by `unshare --net`. */
  static plugIn(pid: number, slot: number): Link {
    const [hub, leaf] = [`10.213.${slot}.1`, Link.addressAt(slot)];
    // Of a process that ended the kernel takes its cable away in its own time.
    spawnSync('ip', ['link', 'delete', `hub${slot}`], { stdio: 'ignore' });
    ip('link', 'add', `hub${slot}`, 'type', 'veth', 'peer', 'name', 'up0', 'netns', String(pid));
    ip('addr', 'add', `${hub}/30`, 'dev', `hub${slot}`);
    ip('link', 'set', `hub${slot}`, 'up');
    const link = new Link(pid, leaf);
    link.within('ip link set lo up', `ip addr add ${leaf}/30 dev up0`, 'ip link set up0 up', `ip route add default via ${hub}`);
    return link;
  }

  static addressAt(slot: number): string {
    return `10.213.${slot}.2`;
  }

  /** Nothing gets through any more, and nobody is told. */
  cut(): void {
    this.within('ip link set up0 down');
  }

  /** What it sends to that address is lost from now on; what comes from there still arrives. */
  mute(address: string): void {
    this.within(`ip route replace blackhole ${address}/32`);
  }

  unmute(address: string): void {
    this.within(`ip route del blackhole ${address}/32 || true`);
  }

  private within(...commands: readonly string[]): void {
    execFileSync('nsenter', ['--target', String(this.pid), '--net', 'sh', '-ec', commands.join('\n')], { stdio: 'pipe' });
  }
}
