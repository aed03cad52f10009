import { LINES_MAX, QUIET_MS, TroubleLog } from './trouble-log.js';

function world() {
  const told: object[] = [];
  const log = new TroubleLog({ warn: (facts: object) => void told.push(facts) });
  return { log, told };
}

test('a link that fails in the same two ways again and again is told twice a minute, with how often it was not told', () => {
  const { log, told } = world();
  for (let nowMs = 0; nowMs < QUIET_MS; nowMs += 1000) log.note(nowMs % 2000 === 0 ? 'refused' : 'closed', nowMs);
  expect(told).toEqual([
    { trouble: 'refused', untold: 0 },
    { trouble: 'closed', untold: 0 },
  ]);
  log.note('refused', QUIET_MS);
  expect(told.at(-1)).toEqual({ trouble: 'refused', untold: 58 });
});

test('troubles that are all different fill neither the log nor the memory', () => {
  const { log, told } = world();
  for (let each = 0; each < 10_000; each++) log.note(`a caller from 10.0.${each} was refused`, each);
  expect(told).toHaveLength(LINES_MAX);
  log.note('another', QUIET_MS);
  expect(told.at(-1)).toEqual({ trouble: 'another', untold: 10_000 - LINES_MAX });
});
