import { until } from '@muster/testing';
import { CoordinatorList, type CoordinatorSource } from './coordinator-list.js';

const lists: CoordinatorList[] = [];
afterEach(() => {
  for (const list of lists.splice(0)) list.close();
});

function listOf(source: CoordinatorSource) {
  const [changes, lines] = [[] as (readonly string[])[], [] as string[]];
  const list = new CoordinatorList({ source, isShort: () => true, onChange: (urls) => void changes.push(urls), logger: { warn: (_, line) => void lines.push(line) } });
  lists.push(list);
  return { list, changes, lines };
}

test('a list that stays as it is, is there at once', async () => {
  const { list, changes } = listOf(['http://a:8081', 'http://b:8081/']);
  expect(list.urls).toEqual(['http://a:8081/', 'http://b:8081/']);
  await list.start();
  expect(changes).toEqual([]);
});

test('a list that is asked for is there after the start, told once, and what is no address is left out and reported once', async () => {
  const { list, changes, lines } = listOf(() => Promise.resolve(['http://a:8081', 'nonsense', 'dns+http://more:1']));
  expect(list.urls).toEqual([]);
  await list.start();
  expect([list.urls, changes, lines.length]).toEqual([['http://a:8081/'], [['http://a:8081/']], 1]);
});

test.each<{ name: string; fails: () => Promise<readonly string[]> }>([
  { name: 'rejects', fails: () => Promise.reject(new Error('ENOTFOUND')) },
  { name: 'throws', fails: () => { throw new Error('a bug of the host'); } },
  { name: 'is empty', fails: () => Promise.resolve([]) },
  { name: 'never comes', fails: () => new Promise(() => {}) },
])('an answer that $name holds nobody up for long, and is asked for again unless it is still to come', async ({ name, fails }) => {
  let count = 0;
  const { list } = listOf(() => (count++ === 0 ? fails() : Promise.resolve(['http://a:8081'])));
  await list.start();
  expect(list.urls).toEqual([]);
  if (name !== 'never comes') await until('it is asked again', () => list.urls.length === 1);
});

test('an answer without any address changes nothing', async () => {
  const answers = [['http://a:8081'], []];
  let count = 0;
  const { list, changes } = listOf(() => Promise.resolve(answers[count++] ?? ['http://a:8081']));
  await list.start();
  await until('it was asked three times', () => count > 2);
  expect([list.urls, changes]).toEqual([['http://a:8081/'], [['http://a:8081/']]]);
});
