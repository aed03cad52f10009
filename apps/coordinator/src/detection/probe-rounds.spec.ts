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

test('only so many are probed at once; the others have their turn', () => {
  const rounds = new ProbeRounds();
  const taken = Array.from({ length: 100 }, (_, node) => rounds.take(`n${node}`, 0)).filter(Boolean);
  expect(taken).toHaveLength(32);
  rounds.done('n0', 'silent', 10);
  expect(rounds.take('n99', 10)).toBe(true);
});

test('a node that fell silent anew is probed at once, whatever its pace was', () => {
  const rounds = new ProbeRounds();
  rounds.take('a', 0);
  rounds.done('a', 'answered', 10);
  rounds.keepOnly(new Set());
  expect(rounds.take('a', 20)).toBe(true);
});
