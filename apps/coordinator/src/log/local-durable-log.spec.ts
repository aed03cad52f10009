import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { eventually } from '../../testing/eventually.js';
import { LocalDurableLog } from './local-durable-log.js';
import { LogStore, type StoredSnapshot } from './log-store.js';
import type { LogEntry, StateMachine } from './replicated-log.js';

/** Adds numbers up, and remembers in which order they came. */
class Adder implements StateMachine<number, number> {
  sum = 0;
  readonly indexes: number[] = [];

  constructor(snapshot: StoredSnapshot | null) {
    if (snapshot !== null) this.sum = snapshot.state as number;
  }

  apply({ index, command }: LogEntry<number>): number {
    this.indexes.push(index);
    this.sum += command;
    return this.sum;
  }

  snapshot(): number {
    return this.sum;
  }

  restore(state: unknown): void {
    this.sum = state as number;
  }
}

let folder: string;
const opened: { store: LogStore; isClosed: boolean }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-log-'));
});
afterEach(() => {
  for (const it of opened.splice(0)) if (!it.isClosed) it.store.close();
  rmSync(folder, { recursive: true });
});

function open(snapshotEntries = 1000) {
  const store = new LogStore(join(folder, 'membership.sqlite'));
  const handle = { store, isClosed: false };
  opened.push(handle);
  const faults: string[] = [];
  let adder = new Adder(null);
  const log = new LocalDurableLog<number, number>({ store, nodeId: 'c1', snapshotEntries, retryMs: 5, machine: (snapshot) => (adder = new Adder(snapshot)), onApplied: () => undefined, onFault: (reason) => faults.push(reason) });
  const die = (): void => {
    handle.isClosed = true;
    store.close();
  };
  const close = async (): Promise<void> => {
    handle.isClosed = true;
    await log.close();
  };
  return { log, store, adder, faults, die, close };
}

test('what was proposed is applied in order, and a restart has it all under a higher term', async () => {
  const first = open();
  const results = await Promise.all([1, 2, 3].map((number) => first.log.propose(number)));
  expect(results).toEqual([1, 3, 6].map((outcome, position) => ({ kind: 'applied', index: position + 1, term: 1, outcome })));
  await first.close();
  const second = open();
  expect(second.adder.sum).toBe(6);
  expect(second.log.status()).toMatchObject({ role: 'leader', term: 2, commitIndex: 3, appliedIndex: 3, hasQuorum: true, fault: '' });
  expect(await second.log.propose(4)).toEqual({ kind: 'applied', index: 4, term: 2, outcome: 10 });
});

test('a kill between append and apply loses nothing: the next start applies what is on the disk', async () => {
  const first = open();
  await first.log.propose(1);
  first.store.append([{ index: 2, term: 1, command: 5 }]);
  first.die();
  expect(first.adder.sum).toBe(1);
  const second = open();
  expect(second.adder.sum).toBe(6);
  expect(second.adder.indexes).toEqual([1, 2]);
  expect(await second.log.propose(4)).toMatchObject({ index: 3, outcome: 10 });
});

test('a kill before the append leaves no trace', async () => {
  const first = open();
  await first.log.propose(1);
  void first.log.propose(100);
  first.die();
  expect(open().adder.sum).toBe(1);
});

test('snapshots cut the log, and a restart from one is the same state', async () => {
  const first = open(10);
  for (let number = 1; number <= 25; number++) await first.log.propose(number);
  expect(first.store.snapshot()).toMatchObject({ index: 20 });
  expect([...first.store.entriesAfter(0)].map((entry) => entry.index)).toEqual([21, 22, 23, 24, 25]);
  first.die();
  const second = open(10);
  expect(second.adder.sum).toBe(325);
  expect(second.adder.indexes).toEqual([21, 22, 23, 24, 25]);
  expect(second.log.status().appliedIndex).toBe(25);
});

test('a proposal whose ground is gone when its turn comes is withdrawn, and takes no index', async () => {
  const { log } = open();
  let holds = true;
  const vetoed = log.propose(1, { revise: (number) => (holds ? number : null) });
  holds = false;
  const other = log.propose(2);
  expect(await vetoed).toEqual({ kind: 'withdrawn' });
  expect(await other).toEqual({ kind: 'applied', index: 1, term: 1, outcome: 2 });
});

test('a proposal of which a part no longer holds goes on without it, and the smaller one is what a restart finds', async () => {
  const first = open();
  const asked: number[] = [];
  let newest = 7;
  const revised = first.log.propose(9, {
    revise: (number) => {
      asked.push(number);
      return Math.min(number, newest);
    },
  });
  newest = 4;
  const other = first.log.propose(2);
  expect(await revised).toEqual({ kind: 'applied', index: 1, term: 1, outcome: 4 });
  expect(await other).toMatchObject({ index: 2, outcome: 6 });
  expect(asked).toEqual([9]);
  await first.close();
  expect(open().adder.sum).toBe(6);
});

test('a disk that cannot be written is said, nothing is applied, and it goes on when the disk is back', async () => {
  const { log, store, adder, faults } = open();
  const append = store.append.bind(store);
  store.append = () => {
    throw new Error('database or disk is full');
  };
  expect(await log.propose(1)).toEqual({ kind: 'unavailable', code: 'busy', reason: 'the log cannot be written: database or disk is full' });
  expect(log.status().fault).toContain('disk is full');
  expect(faults).toHaveLength(1);
  store.append = append;
  expect(await log.propose(2)).toMatchObject({ kind: 'applied', index: 1 });
  expect(adder.sum).toBe(2);
  expect(log.status().fault).toBe('');
});

test('a fault ends with the disk being well again, though nobody proposes anything, and a snapshot that was due is made up for', async () => {
  const { log, store, faults } = open(10);
  const { touch, saveSnapshot } = { touch: store.touch.bind(store), saveSnapshot: store.saveSnapshot.bind(store) };
  const full = (): never => {
    throw new Error('database or disk is full');
  };
  Object.assign(store, { touch: full, saveSnapshot: full });
  for (let number = 1; number <= 10; number++) await log.propose(number);
  expect(log.status().fault).toBe('the snapshot cannot be written: database or disk is full');
  await eventually('another try', () => log.status().fault, (fault) => fault.startsWith('the log'));
  Object.assign(store, { touch, saveSnapshot });
  await eventually('no fault', () => log.status().fault, (fault) => fault === '');
  expect(store.snapshot()).toMatchObject({ index: 10 });
  expect(faults).toHaveLength(1);
});

test('closing lets through what waits, and refuses what comes after', async () => {
  const { log, close } = open();
  const waiting = log.propose(1);
  await close();
  expect(await waiting).toMatchObject({ kind: 'applied' });
  expect(await log.propose(2)).toMatchObject({ kind: 'unavailable' });
  expect(log.status()).toMatchObject({ role: 'shutdown', hasQuorum: false, leaderId: null });
});

test('a second coordinator on the same folder is refused with the remedy', () => {
  open();
  expect(() => open()).toThrow(/another coordinator is using it: give each its own node.dataDir/);
});

test('a damaged entry, or a file of a later build, is named, and not taken for an empty state', async () => {
  const first = open();
  await first.log.propose(1);
  await first.close();
  const tamper = (sql: string): void => {
    const database = new DatabaseSync(join(folder, 'membership.sqlite'));
    database.exec(sql);
    database.close();
  };
  tamper("UPDATE entries SET command = '{' WHERE idx = 1");
  expect(() => open()).toThrow(/is damaged: entry 1 is not JSON/);
  for (const it of opened.splice(0)) if (!it.isClosed) it.store.close();
  tamper("UPDATE meta SET value = 2 WHERE name = 'format'");
  expect(() => open()).toThrow(/format 2, this build reads format 1/);
});
