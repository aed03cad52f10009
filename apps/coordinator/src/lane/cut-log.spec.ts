import { CutLog } from './cut-log.js';

test('many lanes that are cut for one reason are one line in ten seconds, which says how many more there were', () => {
  const lines: object[] = [];
  const log = new CutLog({ warn: (facts) => void lines.push(facts) });
  for (let at = 0; at < 500; at++) log.note('no-hello', undefined, 1000 + at);
  log.note('flood', 'n1', 1500);
  log.note('no-hello', undefined, 11_000);
  expect(lines).toEqual([{ member: undefined, cut: 'no-hello', untold: 0 }, { member: 'n1', cut: 'flood', untold: 0 }, { member: undefined, cut: 'no-hello', untold: 499 }]);
});

test.each(['ending', 'replaced', 'idle'] as const)('a lane that ends as "%s" is not worth a line', (cut) => {
  const lines: object[] = [];
  new CutLog({ warn: (facts) => void lines.push(facts) }).note(cut, 'n1', 0);
  expect(lines).toEqual([]);
});
