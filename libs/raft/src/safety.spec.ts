/** Random faults over random groups: what Raft promises always holds, and once the faults end everybody agrees again. */
import { type Chaos, runChaos } from '../testing/chaos.js';

/** `RAFT_SEEDS=1000` for a long run. */
const SEEDS = Number(process.env['RAFT_SEEDS'] ?? 4);

const mixes: { name: string; chaos: Chaos }[] = [
  { name: 'ordinary faults', chaos: { members: 3, loss: 0.05, crash: 0.001, cut: 0.002, change: 0.002 } },
  { name: 'a lossy network and many crashes', chaos: { members: 5, loss: 0.25, crash: 0.01, cut: 0.001, change: 0 } },
  { name: 'members that come and go', chaos: { members: 3, loss: 0.02, crash: 0.001, cut: 0.001, change: 0.06 } },
  { name: 'leases', chaos: { members: 3, loss: 0.1, crash: 0.002, cut: 0.01, change: 0.002, leases: true } },
  { name: 'a pair', chaos: { members: 2, loss: 0.1, crash: 0.002, cut: 0.002, change: 0.005 } },
];

test.each(mixes)('$name break no promise', ({ chaos }) => {
  for (let seed = 1; seed <= SEEDS; seed++) expect(runChaos(seed, chaos)).toMatchObject({ violations: [] });
});

test('the same seed is the same run', () => {
  const chaos = mixes[0]?.chaos as Chaos;
  expect(runChaos(7, chaos)).toEqual(runChaos(7, chaos));
});

test('the faults bring about what they are meant to test', () => {
  const all = mixes.map(({ chaos }) => runChaos(1, chaos));
  const sum = (of: (result: (typeof all)[number]) => number): number => all.reduce((total, result) => total + of(result), 0);
  expect(sum(({ elections }) => elections)).toBeGreaterThan(50);
  expect(sum(({ crashes }) => crashes)).toBeGreaterThan(100);
  expect(sum(({ changes }) => changes)).toBeGreaterThan(10);
  expect(sum(({ reads }) => reads)).toBeGreaterThan(150);
  expect(sum(({ committed }) => committed)).toBeGreaterThan(500);
});
