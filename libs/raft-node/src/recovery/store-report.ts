/** What a store holds, for people who have to decide about it. Reads; changes nothing. */
import { type Configuration, type Entry, entryBytes, NO_PEERS, type Restored } from '@muster/raft';
import { applyDirectory, type Directory, EMPTY_DIRECTORY, type Newcomer } from '../group/directory.js';
import { openEntry, openSnapshot } from '../group/envelope.js';
import { checksumOf } from '../store/entry-codec.js';
import { RaftStore } from '../store/raft-store.js';
import { StoreDamaged } from '../store/store-errors.js';

export interface StoreReport {
  readonly path: string;
  readonly storeId: string;
  /** Null when it never was part of a group. */
  readonly clusterId: string | null;
  readonly term: number;
  readonly votedFor: string | null;
  /** Entries that are known to be committed; there may be more. */
  readonly commitIndex: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly entries: number;
  readonly entryBytes: number;
  readonly snapshot: { readonly index: number; readonly term: number; readonly bytes: number; readonly checksum: string } | null;
  /** The members as of the last entry. */
  readonly config: Configuration;
  /** The directory as of the last entry. */
  readonly peers: readonly Newcomer[];
  /** In words, when it does not read as it was written: then all of the above that needs reading is empty. */
  readonly damage: string | null;
}

/** Throws `StoreUnusable` when there is no store, or its member runs. */
export function inspectStore(path: string): StoreReport {
  const store = RaftStore.openExisting(path);
  try {
    return reportOf(path, store);
  } finally {
    store.close();
  }
}

export function reportOf(path: string, store: RaftStore): StoreReport {
  try {
    return { ...inWords(store.restore()), path, ...store.identity, damage: null };
  } catch (error) {
    if (!(error instanceof StoreDamaged)) throw error;
    return { ...inWords(NOTHING), path, ...store.identity, damage: error.message };
  }
}

const NOTHING: Restored = { hard: { term: 0, votedFor: null, commit: 0 }, snapshot: null, entries: [] };

function inWords({ hard, snapshot, entries }: Restored): Omit<StoreReport, 'path' | 'storeId' | 'clusterId' | 'damage'> {
  const last = entries.at(-1) ?? snapshot;
  return {
    term: hard.term,
    votedFor: hard.votedFor,
    commitIndex: Math.max(hard.commit, snapshot?.index ?? 0),
    firstIndex: entries[0]?.index ?? 0,
    lastIndex: last?.index ?? 0,
    lastTerm: last?.term ?? 0,
    entries: entries.length,
    entryBytes: entries.reduce((sum, entry) => sum + entryBytes(entry), 0),
    snapshot: snapshot === null ? null : { index: snapshot.index, term: snapshot.term, bytes: snapshot.data.byteLength, checksum: checksumOf(snapshot.data).toString(16).padStart(8, '0') },
    config: configAfter(entries) ?? snapshot?.config ?? NO_PEERS,
    peers: directoryAfter(snapshot?.data ?? null, entries).peers.map(({ nodeId, storeId, httpUrl, raftUrl }) => ({ nodeId, storeId, httpUrl, raftUrl })),
  };
}

function configAfter(entries: readonly Entry[]): Configuration | null {
  return entries.reduce<Configuration | null>((config, entry) => (entry.kind === 'config' ? entry.config : config), null);
}

/** Of a group that has none, which only tests make, it is empty. */
function directoryAfter(snapshot: Uint8Array | null, entries: readonly Entry[]): Directory {
  try {
    let directory = snapshot === null || snapshot.byteLength === 0 ? EMPTY_DIRECTORY : openSnapshot(snapshot).directory;
    for (const entry of entries) {
      const opened = entry.kind === 'command' ? openEntry(entry.data) : null;
      if (opened?.kind === 'directory') ({ directory } = applyDirectory(directory, opened.command));
    }
    return directory;
  } catch {
    return EMPTY_DIRECTORY;
  }
}
