/** Writes entries of 1 KiB until it is killed, or its disk is full, and says after each which one is durable. From the build: it is no test code that jest could load. */
import { RaftStore } from '../dist/store/raft-store.js';

const store = RaftStore.open(process.argv[2]);
for (let index = store.restore().entries.length + 1; ; index++) {
  try {
    store.write({ hard: { term: index, votedFor: 'a', commit: index - 1 }, snapshot: null, entries: [{ kind: 'command', index, term: index, data: new Uint8Array(1024).fill(index) }] });
  } catch (error) {
    process.stdout.write(`failed ${error.message}\n`);
    break;
  }
  process.stdout.write(`${index}\n`);
}
