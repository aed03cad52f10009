/**
 * Where members are that are not where the directory says. Pure: keeps what was found out until the directory says the same.
 *
 * Found out in two ways: a member says so when it connects (its Raft address only), or in its introduction.
 *
 * Whoever is behind may not know who leads, or know its name with a store that is gone: only that leader can help it up, so it is talked to as it
 * introduces itself. That is safe since it was elected: it has all that was ever agreed on before, and forgot nothing of it. Of nobody else with a store that the
 * directory does not know would a vote be worth anything.
 */
import type { RaftIntroduction } from '@muster/contracts';
import type { PeerAddress } from '../driver/messages.js';
import { type Addresses, type Directory, isAt, type Newcomer, peerNamed } from './directory.js';

interface Sighting {
  readonly storeId: string;
  readonly raftUrl: string;
  /** Null while only its Raft address is known. */
  readonly httpUrl: string | null;
  /** What the directory said then: once it says something else, that is the later news. */
  readonly before: Addresses;
}

interface Leading {
  readonly nodeId: string;
  readonly storeId: string;
  readonly raftUrl: string;
  /** The store that we knew under this name then; null for none. */
  readonly before: string | null;
}

const RAFT = 'raft://';

export class Whereabouts {
  private readonly sightings = new Map<string, Sighting>();
  /** Whom the directory will know like this, once we have caught up. */
  private leading: Leading | null = null;

  /** It connected to us, and said where it listens. */
  connected(directory: Directory, nodeId: string, address: string): void {
    const peer = peerNamed(directory, nodeId);
    const raftUrl = `${RAFT}${address}`;
    if (peer === null || this.of(peer)?.raftUrl === raftUrl) return;
    if (peer.raftUrl === raftUrl) this.sightings.delete(nodeId);
    else this.sightings.set(nodeId, { storeId: peer.storeId, raftUrl, httpUrl: null, before: peer });
  }

  /** Members of our group introduced themselves. True when that was news. */
  introduced(directory: Directory, clusterId: string, introductions: readonly RaftIntroduction[]): boolean {
    let isNews = false;
    for (const introduction of introductions) {
      const { nodeId, storeId, raftUrl, httpUrl } = introduction;
      const peer = peerNamed(directory, nodeId);
      if (introduction.clusterId !== clusterId) continue;
      if (peer?.storeId !== storeId) {
        isNews = this.leads(directory, introduction) || isNews;
        continue;
      }
      const known = this.of(peer);
      const isKnown = known === null ? isAt(peer, { httpUrl, raftUrl }) : known.raftUrl === raftUrl && known.httpUrl === httpUrl;
      if (isKnown) continue;
      this.sightings.set(nodeId, { storeId, raftUrl, httpUrl, before: peer });
      isNews = true;
    }
    return isNews;
  }

  /** Where to call everybody. Before there is a directory, where they were when we came to belong. */
  addresses(directory: Directory, initial: readonly Newcomer[]): PeerAddress[] {
    const known = directory.peers.length > 0 ? directory.peers : initial;
    const addresses = known.map((peer) => ({ nodeId: peer.nodeId, storeId: peer.storeId, address: (this.of(peer)?.raftUrl ?? peer.raftUrl).slice(RAFT.length) }));
    const { leading } = this;
    if (leading === null) return addresses;
    const { nodeId, storeId, raftUrl, before } = leading;
    // What the directory says later is believed.
    const isNewer = (known.find((peer) => peer.nodeId === nodeId)?.storeId ?? null) !== before;
    if (isNewer || directory.tombstones.includes(storeId)) return addresses;
    return [...addresses.filter((peer) => peer.nodeId !== nodeId), { nodeId, storeId, address: raftUrl.slice(RAFT.length) }];
  }

  /** What the directory should say; forgets what it says already. */
  differing(directory: Directory): ReadonlyMap<string, Addresses> {
    const found = new Map<string, Addresses>();
    for (const [nodeId, { raftUrl, httpUrl }] of this.sightings) {
      const peer = peerNamed(directory, nodeId);
      const addresses = { raftUrl, httpUrl: httpUrl ?? peer?.httpUrl ?? '' };
      if (peer === null || this.of(peer) === null || isAt(peer, addresses)) this.sightings.delete(nodeId);
      else found.set(nodeId, addresses);
    }
    return found;
  }

  private leads(directory: Directory, { nodeId, storeId, raftUrl, leaderId }: RaftIntroduction): boolean {
    if (leaderId !== nodeId || directory.tombstones.includes(storeId)) return false;
    const before = peerNamed(directory, nodeId)?.storeId ?? null;
    const known = this.leading;
    if (known?.nodeId === nodeId && known.storeId === storeId && known.raftUrl === raftUrl && known.before === before) return false;
    this.leading = { nodeId, storeId, raftUrl, before };
    return true;
  }

  /** Where this very member was seen, while nothing later is known. */
  private of(peer: Newcomer): Sighting | null {
    const seen = this.sightings.get(peer.nodeId);
    return seen !== undefined && seen.storeId === peer.storeId && isAt(seen.before, peer) ? seen : null;
  }
}
