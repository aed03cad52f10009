/**
 * Whether one register behaved as if every operation took effect at one moment between question and answer: the search of Wing and Gong, in the
 * form that goes through the history once and keeps all ways in which it can have gone so far (Lowe, "Testing for linearizability").
 *
 * Reads change nothing, so that each takes effect as soon as its value is there; only writes are tried in all orders, and those only when an
 * answer demands it. Where answers told places in the log, writes take effect in that order, and a read after all that its place stands for;
 * it may have seen more. Where nothing is open only the possible values are left, so that a history can be checked piece by piece.
 */
import { inWords, isAnswered, type Operation, type Violation } from './operation.js';
import { type Way, Ways } from './ways.js';

/** Beyond it a history has too many writes at once to be searched. Count. */
const WAYS_MAX = 200_000;

interface Step {
  readonly atMs: number;
  readonly isEnd: boolean;
  readonly position: number;
}

export class RegisterCheck {
  private ways: Ways;
  /** Writes whose answer was lost, which may take effect at any time from now on: how many, by value. */
  private readonly lost = new Map<string | null, number>();

  constructor(initial: string | null) {
    this.ways = Ways.of([{ value: initial, writes: [], reads: [], used: new Map() }]);
  }

  /** The next operations on the register, none of which was answered before another of an earlier call was. After a violation it is of no more use. */
  take(operations: readonly Operation[]): Violation | null {
    const piece = new Piece(operations, this.lost, this.ways);
    const found = piece.check();
    this.ways = piece.ways;
    return found;
  }
}

/** One stretch of the history, from where nothing is open to where nothing is. */
class Piece {
  private readonly operations: readonly Operation[];
  private readonly openWrites = new Set<number>();
  private readonly openReads = new Set<number>();
  /** Answered, so that every way has it. */
  private readonly isOver: boolean[] = [];
  /** By position: the write that is to take effect before it, as its place in the log demands. */
  private readonly after: (number | null)[];

  constructor(
    operations: readonly Operation[],
    private readonly lost: Map<string | null, number>,
    public ways: Ways,
  ) {
    // A read that was not answered says nothing.
    this.operations = operations.filter((operation) => isAnswered(operation) || operation.kind === 'write');
    this.after = predecessors(this.operations);
  }

  check(): Violation | null {
    for (const { isEnd, position } of stepsOf(this.operations)) {
      const operation = this.at(position);
      if (!isEnd) this.begin(operation, position);
      else if (!this.end(operation, position)) return this.violation(operation);
    }
    return null;
  }

  private begin(operation: Operation, position: number): void {
    if (operation.kind === 'read') {
      this.openReads.add(position);
      this.ways = Ways.of([...this.ways].map((way) => this.withReads(way)));
    } else if (isLost(operation)) this.lost.set(operation.value, (this.lost.get(operation.value) ?? 0) + 1);
    else this.openWrites.add(position);
  }

  /** Keeps the ways in which the operation has taken effect by now; false when there is none. */
  private end({ kind }: Operation, position: number): boolean {
    const found = new Ways();
    const seen = Ways.of(this.ways);
    const tried = [...this.ways];
    for (let way = tried.pop(); way !== undefined; way = tried.pop()) {
      if ((kind === 'read' ? way.reads : way.writes).includes(position)) {
        found.add({ ...way, writes: way.writes.filter((each) => each !== position), reads: way.reads.filter((each) => each !== position) });
        continue;
      }
      for (const next of this.nextOf(way)) if (seen.add(next)) tried.push(next);
      if (seen.size > WAYS_MAX) throw new Error(`more than ${WAYS_MAX} ways in which ${this.openWrites.size} writes at once can have gone: let clients write to more registers, or fewer at once`);
    }
    if (found.size === 0) return false;
    this.ways = found;
    this.isOver[position] = true;
    this.openReads.delete(position);
    this.openWrites.delete(position);
    return true;
  }

  /** One write more has taken effect. Of those that need not have, only one whose value somebody waits to read. */
  private *nextOf(way: Way): Generator<Way> {
    for (const position of this.openWrites) {
      if (way.writes.includes(position) || !this.isDue(position, way)) continue;
      yield this.withReads({ ...way, value: this.at(position).value, writes: [...way.writes, position].toSorted((a, b) => a - b) });
    }
    const values = new Set<string | null>();
    for (const position of this.openReads) if (!way.reads.includes(position)) values.add(this.at(position).value);
    for (const value of values) {
      const used = way.used.get(value) ?? 0;
      if (value !== way.value && used < (this.lost.get(value) ?? 0)) yield this.withReads({ ...way, value, used: new Map(way.used).set(value, used + 1) });
    }
  }

  private withReads(way: Way): Way {
    const reads = [...this.openReads].filter((position) => !way.reads.includes(position) && this.at(position).value === way.value && this.isDue(position, way));
    return reads.length === 0 ? way : { ...way, reads: [...way.reads, ...reads].toSorted((a, b) => a - b) };
  }

  private isDue(position: number, { writes }: Way): boolean {
    const before = this.after[position] ?? null;
    return before === null || this.isOver[before] === true || writes.includes(before);
  }

  private at(position: number): Operation {
    const operation = this.operations[position];
    if (operation === undefined) throw new RangeError(`no operation ${position}`);
    return operation;
  }

  private violation(culprit: Operation): Violation {
    const values = new Set([...this.ways].map(({ value }) => String(value)));
    const around = this.operations.filter((other) => other !== culprit && other.startMs <= (culprit.endMs ?? Infinity) && (other.endMs ?? Infinity) >= culprit.startMs);
    const reason = `${inWords(culprit)} fits nowhere: before its answer the register could hold ${[...values].join(' or ')}`;
    return { kind: 'violation', key: culprit.key, reason, operations: [...around, culprit] };
  }
}

/** A write of which nobody knows whether and when it took effect. */
function isLost({ endMs, index }: Operation): boolean {
  return endMs === null && index === null;
}

/** Of what happens at the same moment a beginning comes first: the two may have overlapped. What is in the log has happened by the end. */
function stepsOf(operations: readonly Operation[]): Step[] {
  const steps = operations.flatMap((operation, position): Step[] => {
    const begin = { atMs: operation.startMs, isEnd: false, position };
    return isLost(operation) ? [begin] : [begin, { atMs: operation.endMs ?? Infinity, isEnd: true, position }];
  });
  return steps.toSorted((a, b) => (a.atMs === b.atMs ? Number(a.isEnd) - Number(b.isEnd) : a.atMs - b.atMs));
}

/** For each operation with a place in the log the last write that has one no later; of a write, before it. */
function predecessors(operations: readonly Operation[]): (number | null)[] {
  const placed = operations.flatMap(({ index, kind }, position) => (index === null ? [] : [{ index, isRead: kind === 'read', position }]));
  placed.sort((a, b) => a.index - b.index || Number(a.isRead) - Number(b.isRead));
  const after: (number | null)[] = operations.map(() => null);
  let latest: number | null = null;
  for (const { isRead, position } of placed) {
    after[position] = latest;
    if (!isRead) latest = position;
  }
  return after;
}
