import { Questions } from './questions.js';

function many(count: number): Questions {
  const questions = new Questions();
  for (let at = 0; at < count; at++) questions.ask(`n${at}`, 1, 0);
  for (const nodeId of questions.due(0)) {
    const trouble = questions.get(nodeId);
    if (trouble !== undefined) questions.thought(trouble, 5000, 0);
  }
  return questions;
}

test('of a few questions all are thought about at each look, of thousands only those whose time has come', () => {
  expect(many(32).due(10)).toHaveLength(32);
  const questions = many(5000);
  expect(questions.due(999)).toEqual([]);
  const one = questions.get('n7');
  if (one !== undefined) questions.thought(one, 600, 500);
  expect(questions.due(600)).toEqual(['n7']);
  expect(questions.due(1000)).toHaveLength(5000);
});

test('who is proven gone is thought about at each look, because they wait for each other', () => {
  const questions = many(5000);
  const one = questions.get('n7');
  if (one !== undefined) one.provenGoneAtMs = 5;
  expect(questions.due(10)).toEqual(['n7']);
});

test('with thousands of questions looks are a quarter of a second apart, whatever comes in between', () => {
  const questions = many(5000);
  questions.due(1000);
  for (let nowMs = 1001; nowMs < 1250; nowMs += 10) {
    questions.noLaterThan(nowMs);
    expect(questions.nextMs(Infinity, nowMs)).toBe(1250);
  }
  expect(questions.nextMs(Infinity, 1300)).toBe(1300);
});

test('with one question a deadline is kept to the millisecond', () => {
  const questions = many(1);
  expect(questions.nextMs(Infinity, 10)).toBe(5000);
  expect(questions.nextMs(40, 10)).toBe(40);
});

test('a question about a new life closes that about the old one', () => {
  const questions = many(1);
  const before = questions.get('n0');
  expect(questions.ask('n0', 1, 10)).toBe(before);
  expect(questions.ask('n0', 2, 10)).not.toBe(before);
  expect(before?.isClosed).toBe(true);
});
