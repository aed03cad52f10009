import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseTemplateIn, seedDatabase } from './database-template.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'muster-spec-'));
  mkdirSync(join(root, 'template', 'base'), { recursive: true });
  writeFileSync(join(root, 'template', 'base', '1'), 'page');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('a consumer without a database gets a copy of the template, whole or not at all', () => {
  writeFileSync(join(root, 'pglite.seed'), 'what a copy that broke off left');
  expect(seedDatabase(join(root, 'template'), join(root, 'pglite'))).toBe(true);
  expect(readFileSync(join(root, 'pglite', 'base', '1'), 'utf8')).toBe('page');
  expect(readdirSync(root).toSorted()).toEqual(['pglite', 'template']);
});

test('a database that is there is left alone', () => {
  mkdirSync(join(root, 'pglite'));
  expect(seedDatabase(join(root, 'template'), join(root, 'pglite'))).toBe(false);
  expect(readdirSync(join(root, 'pglite'))).toEqual([]);
});

test.each([null, '/nowhere/template'])('without a template (%s) the consumer prepares its own', (template) => {
  expect(seedDatabase(template, join(root, 'pglite'))).toBe(false);
});

test('a template belongs to one version of the engine', () => {
  expect(databaseTemplateIn(root)).toBeNull();
  mkdirSync(join(root, 'node_modules', '@electric-sql', 'pglite'), { recursive: true });
  writeFileSync(join(root, 'node_modules', '@electric-sql', 'pglite', 'package.json'), '{"version":"1.2.3"}');
  expect(databaseTemplateIn(root)).toBe(join(root, 'node_modules', '.cache', 'muster', 'database-1.2.3'));
});
