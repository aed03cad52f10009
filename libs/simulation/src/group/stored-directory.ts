/** Who belongs as of what a store knows to be committed, before the log is applied: nobody who was removed comes back while we start. */
import { type Directory, EMPTY_DIRECTORY, GroupMachine } from '@muster/raft-node';
import type { StoreModel } from '../raft/store-model.js';
import { Tally } from './tally.js';

export function storedDirectory(store: StoreModel): Directory {
  const { snapshot, entries, hard } = store.restore();
  const machine = new GroupMachine(new Tally(), () => undefined);
  if (snapshot !== null && snapshot.index > 0) machine.restore(snapshot.data, snapshot.index);
  for (const entry of entries) if (entry.kind === 'command' && entry.index <= hard.commit) machine.apply(entry.data, entry.index, entry.term);
  return snapshot === null && entries.length === 0 ? EMPTY_DIRECTORY : machine.directory;
}
