/**
 * Where members are that are not where the directory says. Pure: keeps what was found out until the directory says the same.
 *
 * Found out in two ways: a member says so when it connects (its Raft address only), or in its introduction.
 */
import type { RaftIntroduction } from '@muster/contracts';
import type { PeerAddress } from '../driver/messages.js';
import { type Addresses, type Directory, isAt, type Newcomer, peerNamed } from './directory.js';

interface Sighting {
  readonly storeId: string;
  readonly raftUrl: string;
  /** Null while only its Raft address is known. */
  readonly httpUrl: string | null;
}

const RAFT = 'raft://';

export class Whereabouts {
  private readonly sightings = new Map<string, Sighting>();

  /** It connected to us, and said where it listens. */
  connected(directory: Directory, nodeId: string, address: string): void {
    const peer = peerNamed(directory, nodeId);
    const raftUrl = `${RAFT}${address}`;
    if (peer === null || this.sightings.get(nodeId)?.raftUrl === raftUrl) return;
    if (peer.raftUrl === raftUrl) this.sightings.delete(nodeId);
    else this.sightings.set(nodeId, { storeId: peer.storeId, raftUrl, httpUrl: null });
  }

  /** Members of our group introduced themselves. True when that was news. */
  introduced(directory: Directory, clusterId: string, introductions: readonly RaftIntroduction[]): boolean {
    let isNews = false;
    for (const introduction of introductions) {
      const { nodeId, storeId, raftUrl, httpUrl } = introduction;
      const peer = peerNamed(directory, nodeId);
      if (introduction.clusterId !== clusterId || peer?.storeId !== storeId) continue;
      const before = this.sightings.get(nodeId);
      const isKnown = before === undefined ? isAt(peer, { httpUrl, raftUrl }) : before.raftUrl === raftUrl && before.httpUrl === httpUrl;
      if (isKnown) continue;
      this.sightings.set(nodeId, { storeId, raftUrl, httpUrl });
      isNews = true;
    }
    return isNews;
  }

  /** Where to call everybody. Before there is a directory, where they were when we came to belong. */
  addresses(directory: Directory, initial: readonly Newcomer[]): PeerAddress[] {
    const known = directory.peers.length > 0 ? directory.peers : initial;
    return known.map(({ nodeId, storeId, raftUrl }) => {
      const seen = this.sightings.get(nodeId);
      return { nodeId, storeId, address: (seen?.storeId === storeId ? seen.raftUrl : raftUrl).slice(RAFT.length) };
    });
  }

  /** What the directory should say; forgets what it says already. */
  differing(directory: Directory): ReadonlyMap<string, Addresses> {
    const found = new Map<string, Addresses>();
    for (const [nodeId, { storeId, raftUrl, httpUrl }] of this.sightings) {
      const peer = peerNamed(directory, nodeId);
      const addresses = { raftUrl, httpUrl: httpUrl ?? peer?.httpUrl ?? '' };
      if (peer === null || peer.storeId !== storeId || isAt(peer, addresses)) this.sightings.delete(nodeId);
      else found.set(nodeId, addresses);
    }
    return found;
  }
}
