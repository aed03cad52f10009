import { ProbeRounds } from './probe-rounds.js';

test('a node is probed once at a time, sooner again after a refusal than after silence', () => {
  const rounds = new ProbeRounds();
  expect(rounds.take('a', 0)).toBe(true);
  expect(rounds.take('a', 5000)).toBe(false);
  rounds.done('a', 'refused', 100);
  expect([rounds.take('a', 349), rounds.take('a', 350)]).toEqual([false, true]);
  rounds.done('a', 'silent', 1000);
  expect([rounds.take('a', 1999), rounds.take('a', 2000)]).toEqual([false, true]);
});

test('only so many are probed at once, and of many silent nodes nobody is asked twice before everybody was asked', () => {
  const rounds = new ProbeRounds();
  const silent = Array.from({ length: 1000 }, (_, node) => `n${node}`);
  const asked: string[] = [];
  for (let round = 0; asked.length < silent.length && round < 10; round++) {
    const nowMs = round * 2000;
    const taken = rounds.inTurn(silent).filter((nodeId) => rounds.take(nodeId, nowMs));
    expect(taken.length).toBeLessThanOrEqual(128);
    asked.push(...taken.slice(0, silent.length - asked.length));
    for (const nodeId of taken) rounds.done(nodeId, 'silent', nowMs + 1000);
  }
  expect(new Set(asked)).toEqual(new Set(silent));
});

test('a node that fell silent anew is probed at once, whatever its pace was', () => {
  const rounds = new ProbeRounds();
  rounds.take('a', 0);
  rounds.done('a', 'answered', 10);
  rounds.keepOnly(new Set());
  expect(rounds.take('a', 20)).toBe(true);
});
