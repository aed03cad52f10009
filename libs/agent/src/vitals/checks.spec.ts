import { vitalsSchema } from '@muster/contracts';
import { until } from '@muster/testing';
import { Checks } from './checks.js';

async function resultsOf(checks: Checks, count: number) {
  checks.runAll();
  await until('the checks have results', () => checks.results().length === count);
  return checks.results();
}

test('a check answers with a boolean, an outcome, or by throwing', async () => {
  const checks = new Checks();
  checks.register('plain', () => true, 1000);
  checks.register('explained', async () => ({ ok: false, detail: 'disk 97 % full' }), 1000);
  checks.register('broken', () => Promise.reject(new Error('ECONNREFUSED')), 1000);
  expect(await resultsOf(checks, 3)).toEqual([
    { name: 'plain', ok: true },
    { name: 'explained', ok: false, detail: 'disk 97 % full' },
    { name: 'broken', ok: false, detail: 'ECONNREFUSED' },
  ]);
});

test('a check that hangs is reported as failed and is not started again while it hangs', async () => {
  const checks = new Checks();
  let started = 0;
  checks.register('hung', () => { started += 1; return Promise.withResolvers<boolean>().promise; }, 20);
  expect(await resultsOf(checks, 1)).toEqual([{ name: 'hung', ok: false, detail: 'no answer within 20 ms' }]);
  checks.runAll();
  checks.runAll();
  expect(started).toBe(1);
});

test('a check that got well is run and reported again', async () => {
  const checks = new Checks();
  const first = Promise.withResolvers<boolean>();
  let runs = 0;
  checks.register('slow once', () => (++runs === 1 ? first.promise : true), 20);
  expect((await resultsOf(checks, 1))[0]?.ok).toBe(false);
  first.resolve(true);
  await until('it is well', () => { checks.runAll(); return checks.results()[0]?.ok === true; });
});

test('long details are cut to what a beat carries', async () => {
  const checks = new Checks();
  checks.register('talkative', () => ({ ok: true, detail: 'x'.repeat(1000) }), 1000);
  expect((await resultsOf(checks, 1))[0]?.detail).toHaveLength(256);
});

test('what a beat cannot carry is refused when it is registered', () => {
  const checks = new Checks();
  const unregister = checks.register('a', () => true, 1000);
  expect(() => checks.register('a', () => true, 1000)).toThrow("a check named 'a' is registered already");
  unregister();
  checks.register('a', () => true, 1000);
  expect(() => checks.register('', () => true, 1000)).toThrow('give it 1 to 64');
  expect(() => checks.register('b', () => true, Number.NaN)).toThrow("the time limit of check 'b' is NaN ms: give it more than 0");
  for (let count = 1; count < 32; count++) checks.register(`check ${count}`, () => true, 1000);
  expect(() => checks.register('straw', () => true, 1000)).toThrow('at most 32');
});

test('whatever a check returns, it becomes a result that a coordinator reads', async () => {
  const checks = new Checks();
  const odd: Record<string, unknown> = { nothing: undefined, word: 'fine', number: { ok: true, detail: 42 }, noDetail: { ok: true, detail: null }, okWord: { ok: 'yes' } };
  for (const [name, outcome] of Object.entries(odd)) checks.register(name, () => outcome as boolean, 1000);
  const results = await resultsOf(checks, 5);
  expect(vitalsSchema.shape.checks.parse(results)).toEqual([
    { name: 'nothing', ok: false, detail: 'the check returned undefined: it must return true, false or { ok, detail }' },
    { name: 'word', ok: false, detail: "the check returned 'fine': it must return true, false or { ok, detail }" },
    { name: 'number', ok: true, detail: '42' },
    { name: 'noDetail', ok: true },
    { name: 'okWord', ok: false, detail: "the check returned { ok: 'yes' }: it must return true, false or { ok, detail }" },
  ]);
});
