/**
 * The Raft group as Prometheus sees it. All numbers of one scrape are of one moment, so that who leads, and in which term, belong together.
 *
 * What only the leader knows of the others is there only while this coordinator leads.
 */
import type { RaftState, RaftStatus } from '@muster/contracts';
import { Counter, Gauge, type Registry } from 'prom-client';

export interface RaftSource {
  status(): RaftStatus;
  counters(): Readonly<Record<string, number>>;
}

const STATES: Readonly<Record<RaftState, number>> = { forming: 0, joining: 0, follower: 0, candidate: 1, leader: 2, removed: 3, shutdown: 3 };

export function observeRaft(registry: Registry, source: RaftSource): void {
  const now = perScrape(source);
  const read = (name: string, help: string, value: (status: RaftStatus) => number): void => {
    const gauge: Gauge = new Gauge({ name, help, registers: [registry], collect: () => gauge.set(value(now().status)) });
  };
  read('coordinator_is_leader', '1 when this coordinator decides, else 0.', ({ state }) => (state === 'leader' ? 1 : 0));
  read('raft_state', 'Role in the group: 0 follower, 1 candidate, 2 leader, 3 shutdown.', ({ state }) => STATES[state]);
  read('raft_term', 'Current term.', ({ term }) => term);
  read('raft_commit_index', 'Index of the last entry that is committed.', ({ commitIndex }) => commitIndex);
  read('raft_applied_index', 'Index of the last entry that is applied.', ({ appliedIndex }) => appliedIndex);
  read('raft_last_index', 'Index of the last entry that is in the log here.', ({ lastIndex }) => lastIndex);
  read('raft_snapshot_index', 'Index up to which the log here was replaced by a snapshot.', ({ snapshotIndex }) => snapshotIndex);
  for (const name of ['cluster_has_quorum', 'raft_has_quorum']) read(name, '1 when changes can be committed, else 0.', ({ hasQuorum }) => (hasQuorum ? 1 : 0));
  read('raft_contact_age_seconds', 'How old what is known here may be: time since a majority answered the leader, or the leader spoke. NaN before either did.', ({ contactAgeMs }) => (contactAgeMs ?? NaN) / 1000);
  read('raft_voters', 'Members that have a vote.', ({ peers }) => peers.filter(({ voter }) => voter).length);
  read('raft_is_voter', '1 when this coordinator has a vote, else 0.', ({ nodeId, peers }) => (peers.some((peer) => peer.voter && peer.nodeId === nodeId) ? 1 : 0));
  perPeer(registry, now);
  counted(registry, source.counters(), now);
}

type Scrape = () => { readonly status: RaftStatus; readonly counters: Readonly<Record<string, number>> };

/** All metrics of a scrape are read in one turn of the event loop. */
function perScrape(source: RaftSource): Scrape {
  let held: ReturnType<Scrape> | null = null;
  return () => {
    if (held === null) setImmediate(() => (held = null)).unref();
    held ??= { status: source.status(), counters: source.counters() };
    return held;
  };
}

function perPeer(registry: Registry, now: Scrape): void {
  const read = (name: string, help: string, value: (peer: RaftStatus['peers'][number], status: RaftStatus) => number | null): void => {
    const gauge: Gauge<'peer'> = new Gauge({
      name,
      help,
      labelNames: ['peer'],
      registers: [registry],
      collect: () => {
        gauge.reset();
        const { status } = now();
        if (status.state !== 'leader') return;
        for (const peer of status.peers) {
          const seen = peer.nodeId === status.nodeId ? null : value(peer, status);
          if (seen !== null) gauge.set({ peer: peer.nodeId }, seen);
        }
      },
    });
  };
  read('raft_peer_lag_entries', 'Entries that another member is not known to hold, as its leader sees it.', ({ matchIndex }, { lastIndex }) => (matchIndex === null ? null : Math.max(0, lastIndex - matchIndex)));
  read('raft_peer_rtt_seconds', 'Round trip of a heartbeat to another member, smoothed, as its leader sees it.', ({ rttMs }) => (rttMs === null ? null : rttMs / 1000));
  read('raft_peer_silent_seconds', 'Time since the last word of another member, as its leader sees it.', ({ silentMs }) => (silentMs === null ? null : silentMs / 1000));
}

/** What the member counts itself, under the names that it gives. */
function counted(registry: Registry, names: Readonly<Record<string, number>>, now: Scrape): void {
  for (const key of Object.keys(names)) {
    const { name, isTotal, unitsPer } = metricName(key);
    const help = `Of the Raft member in this process: ${name.slice('raft_'.length).replaceAll('_', ' ')}.`;
    const value = (): number => (now().counters[key] ?? 0) / unitsPer;
    if (isTotal) {
      const counter: Counter = new Counter({
        name,
        help,
        registers: [registry],
        collect: () => {
          counter.reset();
          counter.inc(value());
        },
      });
    } else {
      const gauge: Gauge = new Gauge({ name, help, registers: [registry], collect: () => gauge.set(value()) });
    }
  }
}

/** `writeMsSum` is `raft_write_seconds_total`, `writeMsMax` is `raft_write_seconds_max`, `elections` is `raft_elections_total`. */
export function metricName(key: string): { readonly name: string; readonly isTotal: boolean; readonly unitsPer: number } {
  const [, stem = key, ms = '', end = ''] = /^(.*?)(Ms)?(Sum|Max|FreeBytes)?$/.exec(key) ?? [];
  const isTotal = end === '' || end === 'Sum';
  const words = `${stem}${ms === '' ? '' : 'Seconds'}${end === 'Sum' ? '' : end}`.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return { name: `raft_${words}${isTotal ? '_total' : ''}`, isTotal, unitsPer: ms === '' ? 1 : 1000 };
}
