/**
 * Holds docs/errors.md and the source to each other: every code that can reach a user is explained there, and nothing is
 * explained that no longer exists.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** How a code is written where it is made: an error, a body, a table by status. */
const MADE = [/new (?:App|Bus|Cli)Error\(\s*'([A-Z][A-Z0-9_]+)'/g, /\bfault\(\s*'([A-Z][A-Z0-9_]+)'/g, /\bcode(?::| =| \?\?) *'([A-Z][A-Z0-9_]+)'/g, /\b[45]\d\d: '([A-Z][A-Z0-9_]+)'/g];
const BUS_CODES = /export type BusErrorCode = ([^;]+);/;
/** Codes of the operating system and of Node, which are read here and never made. */
const FOREIGN = /^E[A-Z]+$|^ERR_|^UND_ERR|^FST_|^SQLITE_/;

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['dist', 'node_modules', 'testdata', 'testing', 'test'].includes(entry.name) ? [] : sources(path);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts') ? [path] : [];
  });
}

/** Map of code -> the file that makes it. */
function codesMade() {
  const made = new Map();
  for (const path of ['apps', 'libs'].flatMap((folder) => sources(join(root, folder)))) {
    const text = readFileSync(path, 'utf8');
    const found = MADE.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]));
    const union = BUS_CODES.exec(text)?.[1] ?? '';
    found.push(...[...union.matchAll(/'([A-Z_]+)'/g)].map((match) => match[1]));
    for (const code of found) if (!FOREIGN.test(code) && !made.has(code)) made.set(code, path.slice(root.length + 1));
  }
  return made;
}

const made = codesMade();
const explained = [...readFileSync(join(root, 'docs', 'errors.md'), 'utf8').matchAll(/^\| `([A-Z][A-Z0-9_]+)` \|/gm)].map((match) => match[1]);
const problems = [
  ...[...made].filter(([code]) => !explained.includes(code)).map(([code, path]) => `${code} of ${path} is not explained in docs/errors.md`),
  ...explained.filter((code) => !made.has(code)).map((code) => `${code} is explained in docs/errors.md, and nothing makes it`),
  ...explained.filter((code, index) => explained.indexOf(code) !== index).map((code) => `${code} is explained twice in docs/errors.md`),
];
if (made.size < 10) problems.push(`only ${made.size} codes were found in the source: this check is broken`);
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`docs/errors.md explains all ${made.size} codes`);
