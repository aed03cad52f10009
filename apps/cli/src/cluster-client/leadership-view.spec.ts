import type { WatchMessage } from '@muster/contracts';
import { LeadershipView } from './leadership-view.js';

const pulse = (leaderId: string | null, term: number, hasQuorum = true): WatchMessage => ({ kind: 'pulse', hasQuorum, leaderId, index: 1, term, pulses: [] });
/** What is told of messages that come one a second, as pulses do. */
const told = (...messages: WatchMessage[]): string[] => toldAt(...messages.map((message, at) => [at * 1000, message] as const));
const toldAt = (...messages: (readonly [atMs: number, message: WatchMessage])[]): string[] => {
  const view = new LeadershipView();
  return messages.flatMap(([atMs, message]) => {
    const news = view.apply(message, atMs);
    return news === null ? [] : [news.kind === 'leads' ? `${news.nodeId} in ${news.term} after ${news.before}` : news.kind];
  });
};

describe('news about who leads', () => {
  test('the first leader and every other one are told once, with their term and who led before', () => {
    expect(told(pulse('a', 1), pulse('a', 1), pulse('b', 2), pulse('b', 2))).toEqual(['a in 1 after null', 'b in 2 after a']);
  });

  test('an election, in which nobody leads for a moment, is no lost quorum', () => {
    expect(told(pulse('a', 1), pulse(null, 2, false), pulse('b', 3))).toEqual(['a in 1 after null', 'b in 3 after a']);
  });

  test('however often an election is told within two seconds, it is no lost quorum', () => {
    const lost = pulse(null, 2, false);
    expect(toldAt([0, pulse('a', 1)], [50, lost], [60, lost], [1060, lost], [2049, lost], [2060, pulse('a', 3)], [2070, lost], [4069, lost], [4070, lost])).toEqual(['a in 1 after null', 'quorum-lost']);
  });

  test('a quorum that stays away is told once, and so is its return', () => {
    const lost = pulse(null, 1, false);
    expect(told(pulse('a', 1), lost, lost, lost, lost, pulse('a', 1), lost, pulse('a', 1))).toEqual(['a in 1 after null', 'quorum-lost', 'quorum-back']);
  });

  test('a group that is only being formed has lost nothing', () => {
    expect(told(pulse(null, 0, false), pulse(null, 0, false), pulse(null, 0, false), pulse('a', 1))).toEqual(['a in 1 after null']);
  });

  test('what somebody who lags behind says of an earlier term is no news', () => {
    expect(told(pulse('b', 5), pulse('a', 4))).toEqual(['b in 5 after null']);
  });

  test('a leader that leads again in a later term, after another, is news', () => {
    expect(told(pulse('a', 1), pulse('b', 2), pulse('a', 3))).toEqual(['a in 1 after null', 'b in 2 after a', 'a in 3 after b']);
  });

  test('changes of members say nothing about it', () => {
    expect(told({ kind: 'removed', index: 1, term: 9, nodeId: 'a' }, { kind: 'brakes', index: 1, term: 9, brakes: [] })).toEqual([]);
  });
});
