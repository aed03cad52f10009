/**
 * What a whole state that takes the place of another one means in changes: for readers here that missed some, and for everybody when an
 * operator brings back a saved one. Pure.
 */
import type { Brake, MemberRecord } from '@muster/contracts';
import type { Change, Member, Membership, MembershipSnapshot } from '@muster/membership';

type State = Pick<Membership, 'index' | 'term' | 'forgottenIndex' | 'changesAfter' | 'all' | 'brakes'>;
type Numbers = 'index' | 'term' | 'ordinal' | 'atUnixMs';
type Unnumbered<C extends Change = Change> = C extends Change ? Omit<C, Numbers> : never;
type AgreedTime = MembershipSnapshot['time'];
interface Place {
  readonly index: number;
  readonly term: number;
  readonly atUnixMs: number;
}

/** What happened between two states of the same log, oldest first; where the history does not reach back, what it came to. */
export function missedBetween(before: State, after: State): readonly Change[] {
  if (before.index >= after.forgottenIndex) return after.changesAfter(before.index, Number.MAX_SAFE_INTEGER);
  const changes = differences(before, { members: [...after.all()], brakes: [...after.brakes()] }, 'it was so when this coordinator caught up');
  const numbered = changes.map((change): Change => {
    const member = 'member' in change ? change.member : null;
    return { ...change, index: member?.index ?? after.index, term: member?.term ?? after.term, ordinal: 0, atUnixMs: member?.changedAtUnixMs ?? 0 };
  });
  return [...Map.groupBy(numbered.toSorted((a, b) => a.index - b.index), ({ index }) => index).values()].flatMap((ofEntry) => ofEntry.map((change, ordinal) => ({ ...change, ordinal })));
}

/** A saved state as it goes on here: with our place in the log, our clock, and a history in which the world is told what became different. */
export function restoredAt({ index, term, atUnixMs }: Place, saved: MembershipSnapshot, before: Membership): { readonly snapshot: MembershipSnapshot; readonly changes: readonly Change[] } {
  const now = before.snapshot();
  const renumbered = saved.members.map((member) => (isSame(before.member(member.record.nodeId)?.record, member.record) ? member : { ...member, record: { ...member.record, index, term } }));
  const braked = new Set(saved.brakes.map(({ zone }) => zone));
  const told = differences(before, { members: renumbered, brakes: before.brakes().filter(({ zone }) => braked.has(zone)) }, 'brought back by an operator');
  const changes = told.map((change, ordinal): Change => ({ ...change, index, term, ordinal, atUnixMs }));
  const history = { publishedIndex: now.publishedIndex, outboxDropped: now.outboxDropped, forgottenIndex: now.forgottenIndex, changes: [...now.changes, ...changes] };
  return { snapshot: { ...saved, index, term, time: { ...laterOf(now.time, saved.time), term: now.time.term }, members: renumbered, ...history }, changes };
}

/** Agreed time never goes back: what was to fade or expire under it still does. */
function laterOf(a: AgreedTime, b: AgreedTime): AgreedTime {
  return a.unixMs + a.offsetMs >= b.unixMs + b.offsetMs ? a : b;
}

function differences(before: Pick<State, 'all' | 'brakes'>, after: { readonly members: readonly Member[]; readonly brakes: readonly Brake[] }, reason: string): Unnumbered[] {
  const records = new Map([...before.all()].map(({ record }) => [record.nodeId, record]));
  const changes: Unnumbered[] = [];
  for (const { record: member } of after.members) {
    const was = records.get(member.nodeId);
    records.delete(member.nodeId);
    // Every change of a member moves its index.
    if (was?.index === member.index) continue;
    if (was?.incarnation === member.incarnation && was.status === member.status) changes.push({ kind: 'updated', member, reason });
    else changes.push({ kind: 'transition', from: was?.status ?? null, member, silenceMs: null, failure: null });
  }
  for (const nodeId of records.keys()) changes.push({ kind: 'removed', nodeId });
  const held = new Map(before.brakes().map((brake) => [brake.zone, brake]));
  for (const brake of after.brakes) if (!held.delete(brake.zone)) changes.push({ kind: 'brake', step: 'engaged', brake, reason });
  for (const brake of held.values()) changes.push({ kind: 'brake', step: 'released', brake, reason });
  return changes;
}

/** Nothing happened to it. An index alone may mean anything in the log of another cluster. */
function isSame(was: MemberRecord | undefined, is: MemberRecord): boolean {
  return was !== undefined && was.index === is.index && JSON.stringify(was) === JSON.stringify(is);
}
