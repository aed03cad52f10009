import { RaftUnavailable, wholeSnapshot } from '@muster/raft-node';
import { until } from '@muster/testing';
import { FakeLogGroup, peerOf } from '../../testing/fake-log-group.js';
import { turns } from '../../testing/sim-clock.js';
import { logStatus, whyNoPart } from './log-status.js';
import { RaftLog } from './raft-log.js';
import type { LogEntry, Mandate, StateMachine } from './replicated-log.js';

/** Adds numbers up. */
class Adder implements StateMachine<number, number> {
  sum = 0;
  readonly entries: LogEntry<number>[] = [];

  apply(entry: LogEntry<number>): number {
    this.entries.push(entry);
    this.sum += entry.command;
    return this.sum;
  }

  snapshot(): { sum: number } {
    return { sum: this.sum };
  }

  restore(state: unknown): void {
    this.sum = (state as { sum: number }).sum;
  }
}

function open() {
  const adder = new Adder();
  const told: string[] = [];
  const caughtUp: number[] = [];
  const log = new RaftLog<number, number>(adder, { logger: { info: (_, text) => void told.push(text), warn: (_, text) => void told.push(text) }, onCaughtUp: () => void caughtUp.push(adder.sum), retryMs: 1 });
  const group = new FakeLogGroup(log);
  const mandates: Mandate[] = [];
  log.onMandate((mandate) => void mandates.push(mandate));
  log.use(group);
  /** The leader of a term, which knows all of before. */
  const lead = async (term: number): Promise<void> => {
    group.role('leader', term, 'a');
    group.vouch();
    await turns();
  };
  return { adder, log, group, mandates, told, caughtUp, lead };
}

test('what the leader proposes is applied, and answered with index, term and outcome', async () => {
  const { log, group, lead, adder } = open();
  await lead(4);
  const proposed = [log.propose(3), log.propose(5)];
  await turns();
  group.commit(4);
  group.commit(4);
  expect(await Promise.all(proposed)).toEqual([{ kind: 'applied', index: 1, term: 4, outcome: 3 }, { kind: 'applied', index: 2, term: 4, outcome: 8 }]);
  expect(adder.entries).toEqual([{ index: 1, term: 4, command: 3 }, { index: 2, term: 4, command: 5 }]);
});

test('a new leader has no mandate before it has applied all that was agreed before its term', async () => {
  const { log, group, mandates } = open();
  group.role('leader', 4, 'a');
  await turns();
  expect(log.mandate()).toEqual({ isLeader: false, term: 4 });
  group.refuseReads();
  await until('it asks again', () => group.reads.length === 2);
  expect(log.mandate().isLeader).toBe(false);
  group.vouch();
  await turns();
  expect(log.mandate()).toEqual({ isLeader: true, term: 4 });
  expect(mandates).toEqual([{ isLeader: false, term: 4 }, { isLeader: true, term: 4 }]);
});

test.each([{ isLate: false }, { isLate: true }])('a read that comes back after the leadership was lost gives no mandate in a later term, nor takes it (late: $isLate)', async ({ isLate }) => {
  const { log, group } = open();
  group.role('leader', 4, 'a');
  group.role('follower', 5, 'b');
  group.role('leader', 6, 'a');
  const [, ofTerm4, ofTerm6] = group.reads.splice(0);
  if (isLate) ofTerm6?.done(1);
  await turns();
  ofTerm4?.done(1);
  await turns();
  expect(log.mandate()).toEqual({ isLeader: isLate, term: 6 });
  ofTerm6?.done(1);
  await turns();
  expect(log.mandate()).toEqual({ isLeader: true, term: 6 });
});

test('who ceases to lead loses the mandate at once', async () => {
  const { log, group, lead, mandates } = open();
  await lead(4);
  group.role('follower', 5, 'b');
  expect(log.mandate()).toEqual({ isLeader: false, term: 5 });
  expect(mandates.at(-1)).toEqual({ isLeader: false, term: 5 });
});

test('a follower proposes nothing, and says who leads', async () => {
  const { log, group } = open();
  group.role('follower', 5, 'b');
  expect(await log.propose(1)).toEqual({ kind: 'unavailable', code: 'not-leader', reason: "'b' leads" });
  expect(group.proposed).toEqual([]);
});

test('what no longer holds is withdrawn in the next turn, and what holds in part goes on with that part', async () => {
  const { log, group, lead } = open();
  await lead(1);
  let newest = 9;
  const withdrawn = log.propose(1, { revise: () => null });
  const smaller = log.propose(7, { revise: (number) => Math.min(number, newest) });
  newest = 2;
  await turns();
  group.commit(1);
  expect([await withdrawn, await smaller]).toEqual([{ kind: 'withdrawn' }, { kind: 'applied', index: 1, term: 1, outcome: 2 }]);
});

test.each(['lost', 'unknown', 'busy', 'refused', 'not-leader'] as const)('a proposal that comes to nothing says %s, as the group did', async (code) => {
  const { log, group, lead } = open();
  await lead(1);
  const proposed = log.propose(1);
  await turns();
  group.proposed[0]?.failed(new RaftUnavailable(code, 'so it is'));
  expect(await proposed).toEqual({ kind: 'unavailable', code, reason: 'so it is' });
});

test('it is told once when everything is known that the others know', async () => {
  const { group, caughtUp } = open();
  group.refuseReads();
  await until('it asks again', () => group.reads.length === 1);
  group.log.machine.restore(new TextEncoder().encode('{"sum":41}'), 7);
  expect(caughtUp).toEqual([]);
  group.vouch();
  await turns();
  expect(caughtUp).toEqual([41]);
});

test('a snapshot of the state restores it', () => {
  const { adder, log } = open();
  adder.sum = 12;
  const other = open();
  other.log.machine.restore(wholeSnapshot(log.machine.snapshot()), 3);
  expect(other.adder.sum).toBe(12);
});

test('leadership is handed over to another voter, and not when there is none', async () => {
  const { log, group, lead } = open();
  await lead(1);
  const handedOver = log.handOver();
  group.transfers[0]?.done('b');
  expect(await handedOver).toBe('b');
  group.now = { ...group.now, peers: [peerOf('a'), peerOf('b', false)] };
  expect(await log.handOver()).toBeNull();
  group.role('follower', 2, 'b');
  expect(await log.handOver()).toBeNull();
  expect(group.transfers).toHaveLength(1);
});

test('a handover that fails is said, and the end goes on', async () => {
  const { log, group, lead, told } = open();
  await lead(1);
  const handedOver = log.handOver();
  group.transfers[0]?.failed(new RaftUnavailable('unknown', 'b is behind'));
  expect(await handedOver).toBeNull();
  expect(told.join()).toContain('could not be handed over');
});

test('the end lets through what waits, refuses what comes after, and leaves the group', async () => {
  const { log, group, lead } = open();
  await lead(1);
  const waiting = log.propose(1);
  const closed = log.close();
  group.commit(1);
  expect(await waiting).toMatchObject({ kind: 'applied' });
  await closed;
  expect(await log.propose(2)).toMatchObject({ kind: 'unavailable', code: 'closed' });
  expect([group.isStopped, log.mandate().isLeader, log.status().role]).toEqual([true, false, 'shutdown']);
});

test('a coordinator that is part of no group is not ready and says why; one in a minority is', () => {
  const { group } = open();
  expect(whyNoPart({ ...group.now, state: 'forming', detail: 'sees 1 of 3' })).toBe('forming: sees 1 of 3');
  expect(whyNoPart({ ...group.now, peers: [peerOf('a', false), peerOf('b')] })).toContain('no vote');
  expect(whyNoPart({ ...group.now, hasQuorum: false })).toBe('');
  expect(logStatus({ ...group.now, hasQuorum: false, leaderId: null, detail: 'no majority' }, false)).toMatchObject({ role: 'follower', hasQuorum: false, fault: 'no majority' });
});
