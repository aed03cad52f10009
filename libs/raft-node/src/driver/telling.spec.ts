/** When the loop speaks: what somebody waits for before a write, the rest once a turn. */
import type { FromLoop } from './messages.js';
import { Telling } from './telling.js';

const appended: FromLoop = { kind: 'appended', ids: [1], index: 7, term: 1 };
const apply: FromLoop = { kind: 'apply', entries: [] };
const readable: FromLoop = { kind: 'readable', id: 2, index: 7 };
const denied: FromLoop = { kind: 'denied', id: 3, why: { kind: 'busy', reason: 'x' } };

function telling(): { readonly it: Telling; readonly posts: string[][] } {
  const posts: string[][] = [];
  return { it: new Telling((messages) => posts.push(messages.map(({ kind }) => kind))), posts };
}

test('outside of a turn it speaks at once', () => {
  const { it, posts } = telling();
  it.tell(denied);
  it.tell(appended);
  expect(posts).toEqual([['denied'], ['appended']]);
});

test.each([apply, readable])('a result is told before a write, with all that came before it, in order: $kind', (result) => {
  const { it, posts } = telling();
  it.turnBegins();
  it.tell(appended);
  it.tell(result);
  expect(posts).toEqual([]);
  it.writeBegins();
  expect(posts).toEqual([['appended', result.kind]]);
});

test('a refusal waits for the end of the turn, and all of a turn is one message', () => {
  const { it, posts } = telling();
  it.turnBegins();
  it.tell(denied);
  it.writeBegins();
  expect(posts).toEqual([]);
  it.tell(appended);
  it.turnEnds();
  expect(posts).toEqual([['denied', 'appended']]);
});

test('where a proposal stands wakes nobody: it goes along with what comes next', () => {
  const { it, posts } = telling();
  it.turnBegins();
  it.tell(appended);
  it.writeBegins();
  it.turnEnds();
  expect(posts).toEqual([]);
  it.turnBegins();
  it.tell(apply);
  it.turnEnds();
  expect(posts).toEqual([['appended', 'apply']]);
});
