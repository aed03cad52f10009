/**
 * Whether one register behaved as if every operation took effect at one moment between question and answer: the search of Wing and Gong, in the
 * form that goes through the history once and keeps all ways in which it can have gone so far (Lowe, "Testing for linearizability").
 *
 * A way is the value by now and the open operations that have taken effect. Reads change nothing, so that each takes effect as soon as its value
 * is there; only writes are tried in all orders, and those only when an answer demands it.
 */
import { inWords, isAnswered, type Linearizability, type Operation } from './operation.js';

/** Beyond it a history has too many writes at once to be searched. Count. */
const WAYS_MAX = 200_000;

interface Way {
  readonly value: string | null;
  /** Positions of open operations that have taken effect. Sorted. */
  readonly done: readonly number[];
}

interface Step {
  readonly atMs: number;
  readonly isEnd: boolean;
  readonly position: number;
}

/** `history` is about one register. */
export function checkRegister(history: readonly Operation[], initial: string | null): Linearizability {
  const operations = relevant(history);
  const open = new Set<number>();
  let ways = new Map<string, Way>();
  add(ways, { value: initial, done: [] });
  for (const { isEnd, position } of stepsOf(operations)) {
    if (isEnd) {
      const values = [...new Set([...ways.values()].map(({ value }) => String(value)))];
      ways = ended(ways, position, open, operations);
      open.delete(position);
      if (ways.size === 0) return violation(operations, position, values);
    } else {
      open.add(position);
      const before = [...ways.values()];
      ways = new Map();
      for (const way of before) add(ways, withReads(way, open, operations));
    }
  }
  return { kind: 'linearizable', operations: operations.length };
}

/** A read without an answer says nothing; a write without one may as well not have happened when nobody read its value. */
function relevant(history: readonly Operation[]): Operation[] {
  const seen = new Set(history.filter((operation) => operation.kind === 'read' && isAnswered(operation)).map(({ value }) => value));
  return history.filter((operation) => isAnswered(operation) || (operation.kind === 'write' && seen.has(operation.value)));
}

/** Of what happens at the same moment a beginning comes first: the two may have overlapped. */
function stepsOf(operations: readonly Operation[]): Step[] {
  const steps = operations.flatMap(({ startMs, endMs }, position): Step[] => {
    const begin = { atMs: startMs, isEnd: false, position };
    return endMs === null ? [begin] : [begin, { atMs: endMs, isEnd: true, position }];
  });
  return steps.toSorted((a, b) => a.atMs - b.atMs || Number(a.isEnd) - Number(b.isEnd));
}

/** All ways in which the operation has taken effect by its answer. */
function ended(ways: ReadonlyMap<string, Way>, position: number, open: ReadonlySet<number>, operations: readonly Operation[]): Map<string, Way> {
  const found = new Map<string, Way>();
  const tried = new Map(ways);
  // A map is gone through with all that is added meanwhile.
  for (const way of tried.values()) {
    if (way.done.includes(position)) {
      add(found, { value: way.value, done: way.done.filter((each) => each !== position) });
      continue;
    }
    for (const next of open) {
      const write = operations[next];
      if (write?.kind === 'write' && !way.done.includes(next)) add(tried, withReads({ value: write.value, done: [...way.done, next].toSorted((a, b) => a - b) }, open, operations));
    }
    if (tried.size > WAYS_MAX) throw new Error(`more than ${WAYS_MAX} ways in which ${open.size} operations at once can have gone: let clients write to more registers, or fewer at once`);
  }
  return found;
}

function withReads({ value, done }: Way, open: ReadonlySet<number>, operations: readonly Operation[]): Way {
  const reads = [...open].filter((position) => operations[position]?.kind === 'read' && operations[position].value === value && !done.includes(position));
  return reads.length === 0 ? { value, done } : { value, done: [...done, ...reads].toSorted((a, b) => a - b) };
}

function add(ways: Map<string, Way>, way: Way): void {
  ways.set(`${way.done.join(',')}/${String(way.value)}/${way.value === null ? 0 : 1}`, way);
}

function violation(operations: readonly Operation[], position: number, values: readonly string[]): Linearizability {
  const culprit = operations[position];
  if (culprit === undefined) throw new RangeError(`no operation ${position}`);
  const around = operations.filter((other) => other !== culprit && other.startMs <= (culprit.endMs ?? Infinity) && (other.endMs ?? Infinity) >= culprit.startMs);
  const reason = `${inWords(culprit)} fits nowhere: before its answer the register could hold ${values.join(' or ')}`;
  return { kind: 'violation', key: culprit.key, reason, operations: [...around, culprit] };
}
