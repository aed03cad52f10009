/**
 * Which addresses may be looked at. Beats name them, and whoever can beat must not make others connect wherever he likes; an address that
 * means another machine to each who uses it would be worse than none: all of them would find nobody there.
 *
 * So nobody looks at link-local, unspecified or multicast addresses; at loopback only who is reached there himself.
 */
import { lookup as resolveName, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { ProbeTarget } from '@muster/contracts';

const NEVER = blockList([['0.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 3]], [['::', 128], ['fe80::', 10], ['ff00::', 8]]);
const LOOPBACK = blockList([['127.0.0.0', 8]], [['::1', 128]]);

export class Reach {
  private readonly ownHosts: ReadonlySet<string>;
  private readonly isLocal: boolean;

  /** `ownUrls`: where we are reached ourselves. */
  constructor(ownUrls: readonly (string | null)[]) {
    this.ownHosts = new Set(ownUrls.map(hostOf).filter((host) => host !== ''));
    this.isLocal = [...this.ownHosts].some(isLoopback);
  }

  /** The target with those of its addresses that may be looked at. */
  within(target: ProbeTarget): ProbeTarget {
    return { ...target, probeUrl: this.allows(target.probeUrl) ? target.probeUrl : null, httpUrl: this.allows(target.httpUrl) ? target.httpUrl : null };
  }

  /** What a name stands for is only known when it is looked up: for whoever connects to that URL. */
  lookupFor(url: string | null): LookupFunction {
    // Who shares our name is on our machine, however that name is resolved there.
    const isOwn = this.ownHosts.has(hostOf(url));
    return (hostname, options, callback) => {
      resolveName(hostname, { ...(options as LookupOptions), all: true }, (error, addresses) => {
        if (error !== null) return callback(error, '');
        const allowed = addresses.filter(({ address }) => this.allowsAddress(address, isOwn));
        const [first] = allowed;
        if (first === undefined) return callback(Object.assign(new Error(`'${hostname}' stands for ${addresses[0]?.address}, which is not looked at`), { code: 'EACCES' }), '');
        return options.all === true ? callback(null, allowed as LookupAddress[]) : callback(null, first.address, first.family);
      });
    };
  }

  private allows(url: string | null): boolean {
    const host = hostOf(url);
    if (host === '') return false;
    if (host === 'localhost' || host.endsWith('.localhost')) return this.isLocal;
    return isIP(host) === 0 || this.allowsAddress(host, false);
  }

  private allowsAddress(address: string, isOwn: boolean): boolean {
    if (holds(NEVER, address)) return false;
    return this.isLocal || isOwn || !holds(LOOPBACK, address);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || holds(LOOPBACK, host);
}

/** In lower case and without brackets; empty when there is none. */
function hostOf(url: string | null): string {
  const host = /^[a-z]+:\/\/(?:\[([^\]]+)\]|([^:/?#]+))/i.exec(url ?? '');
  const written = (host?.[1] ?? host?.[2] ?? '').toLowerCase();
  // Other spellings of an IPv4 address, such as 0x7f.1.
  const read = URL.canParse(`http://${written}`) ? new URL(`http://${written}`).hostname : written;
  return isIP(read) === 4 ? read : written;
}

function holds(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

function blockList(v4: readonly (readonly [string, number])[], v6: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, bits] of v4) list.addSubnet(address, bits, 'ipv4');
  for (const [address, bits] of v6) list.addSubnet(address, bits, 'ipv6');
  return list;
}
