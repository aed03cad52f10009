import { AskedProcess } from './asked-process.js';
import { failureOf } from './failure-of.js';
import { until } from './until.js';

/** Says that it is there, then answers: double of a number, an error for a text, nothing for anything else. */
const PROGRAM = `
process.on('message', ({ id, value }) => {
  if (typeof value === 'number') process.send({ id, value: 2 * value });
  if (typeof value === 'string') process.send({ id, error: 'no number: ' + value, code: 'NOT_A_NUMBER' });
});
process.on('disconnect', () => process.exit(0));
process.send({ started: process.env.GREETING });
`;

let said: object[];
let program: AskedProcess;
beforeEach(async () => {
  said = [];
  program = AskedProcess.start({ name: 'doubler', args: ['-e', PROGRAM], env: { GREETING: 'hello' }, onSaid: (message) => said.push(message) });
  await until('it to speak', () => said.length > 0);
});
afterEach(() => program.kill());

test('what it says of its own accord is handed on, and each question gets its own answer', async () => {
  expect(said).toEqual([{ started: 'hello' }]);
  await expect(Promise.all([program.ask({ value: 3 }), program.ask({ value: 4 })])).resolves.toEqual([6, 8]);
  expect(said).toHaveLength(1);
});

test('an error is told with its code', async () => {
  expect(await failureOf(program.ask({ value: 'three' }))).toMatchObject({ message: 'no number: three', code: 'NOT_A_NUMBER' });
});

test('a question that is open when the process is killed fails, and so does any later one', async () => {
  const open = failureOf(program.ask({ value: null }));
  await program.kill();
  expect((await open).message).toBe('doubler ended');
  expect(program.isRunning).toBe(false);
  expect((await failureOf(program.ask({ value: 1 }))).message).toBe('doubler has ended');
});

test('stopped, it answers when it goes on', async () => {
  program.signal('SIGSTOP');
  let answer: unknown = null;
  const asked = program.ask({ value: 5 }).then((value) => (answer = value));
  expect(answer).toBeNull();
  program.signal('SIGCONT');
  await expect(asked).resolves.toBe(10);
});

test('a program that cannot be started says so to whoever asks', async () => {
  const missing = AskedProcess.start({ name: 'nobody', before: ['/no/such/program'], args: [], onSaid: () => {} });
  await expect(missing.ask({ value: 1 })).rejects.toThrow('spawn /no/such/program ENOENT');
});
