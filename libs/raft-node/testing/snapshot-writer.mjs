/** Writes an entry and a snapshot of several parts, again and again until it is killed, and says after each which one is durable. From the build: it is no test code that jest could load. */
import { RaftStore } from '../dist/store/raft-store.js';
import { PART_BYTES, partAt, partsOf } from '../dist/store/snapshot-parts.js';

const store = RaftStore.open(process.argv[2]);
const { snapshot } = store.restore();
const config = { voters: ['a'], outgoing: [], learners: [] };
for (let index = (snapshot?.index ?? 0) + 1; ; index++) {
  store.write({ hard: { term: index, votedFor: 'a', commit: index - 1 }, snapshot: null, entries: [{ kind: 'command', index, term: index, data: new Uint8Array(64).fill(index) }] });
  const data = new Uint8Array(3 * PART_BYTES + index).fill(index);
  for (let part = 1; part <= partsOf(data); part++) store.stage(index, part, partAt(data, part));
  store.compact({ index, term: index, config, data });
  while (store.sweep());
  process.stdout.write(`${index}\n`);
}
