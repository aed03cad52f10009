/**
 * `npm run mutants [-- --project P … --json --check]`: breaks lines on purpose and expects the tests of their project to notice;
 * with `--check` it only sees that each mutant still applies. In a file of a folder below `src` the specs of that folder have to notice:
 * the rest of such a project may need processes and minutes.
 *
 * The lists lie in the projects, `mutants.json`: [{ "file", "find", "replace", "why" }], where `find` must occur exactly once in `file`
 * and `why` says what the line is for. Nothing in the checkout is touched: each mutant is tried in a copy of its project. A mutant that
 * survives is printed with its place, and the exit code is 1, as it is for a mutant that does not apply or does not even load.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const LIST = 'mutants.json';
const LANES_MAX = 2;
/** A mutant that makes a test go round for ever is noticed as well. */
const RUN_MS_MAX = 120_000;
/** What passes without a mutant may take longer on a busy machine. */
const WHOLE_RUN_MS_MAX = 600_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** Specs that take longer, such as random faults, are asked last. Milliseconds. */
const SLOW_SPEC_MS = 1500;
const NOT_COPIED = new Set(['node_modules', '.nx']);

const { values: options } = parseArgs({ options: { project: { type: 'string', multiple: true }, json: { type: 'boolean' }, check: { type: 'boolean' }, jobs: { type: 'string' } } });
const say = (text) => process.stderr.write(`${text}\n`);
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'muster-mutants-')));
const children = new Set();

class Unusable extends Error {}

/** Folders below apps/ and libs/ that have a list, or those that were asked for. */
function projects() {
  const all = ['apps', 'libs'].flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(parent, name))).filter((folder) => existsSync(join(root, folder, LIST)));
  const wanted = options.project ?? [];
  const unknown = wanted.filter((word) => !all.some((folder) => basename(folder) === word));
  if (unknown.length > 0) throw new Unusable(`no project with a ${LIST} is called ${unknown.join(' or ')}; there are: ${all.map((folder) => basename(folder)).join(', ')}`);
  return wanted.length === 0 ? all : all.filter((folder) => wanted.includes(basename(folder)));
}

function mutantsOf(project) {
  const listed = JSON.parse(readFileSync(join(root, project, LIST), 'utf8'));
  return listed.map((mutant, position) => {
    for (const field of ['file', 'find', 'replace', 'why']) {
      if (typeof mutant[field] !== 'string') throw new Unusable(`${project}/${LIST}: mutant ${position + 1} has no text in "${field}"`);
    }
    const source = readFileSync(join(root, project, mutant.file), 'utf8');
    const found = source.split(mutant.find).length - 1;
    if (found !== 1) throw new Unusable(`${project}/${LIST}: mutant ${position + 1} must find its text exactly once in ${mutant.file}, it is there ${found} times: ${JSON.stringify(mutant.find)}`);
    if (mutant.find === mutant.replace) throw new Unusable(`${project}/${LIST}: mutant ${position + 1} changes nothing: ${JSON.stringify(mutant.find)}`);
    const line = source.slice(0, source.indexOf(mutant.find)).split('\n').length;
    return { ...mutant, project, line };
  });
}

/** A copy of a project in which its tests run as they do at home. Other projects are those of the checkout. */
function copyOf(project, lane) {
  const home = join(scratch, String(lane));
  const folder = join(home, project);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, project), folder, { recursive: true, filter: (from) => !NOT_COPIED.has(basename(from)) });
  for (const file of readdirSync(root).filter((name) => /^(jest\.preset|tsconfig).*\.(mjs|json)$/.test(name))) cpSync(join(root, file), join(home, file));
  cpSync(join(root, 'tools', 'property-seed.mjs'), join(home, 'tools', 'property-seed.mjs'));
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
  if (existsSync(join(root, project, 'node_modules'))) symlinkSync(join(root, project, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Runs jest in a copy. `killed`: a test failed, or none ended; `lived`: all passed; `broken`: the code did not even load. */
function test(folder, specs, limitMs = RUN_MS_MAX) {
  // It stops at the first failure, and then says so in words only: not even with --json does it write a report.
  const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', join(root, 'node_modules', 'jest', 'bin', 'jest.js'), '--bail', '--runInBand', '--silent', '--watchman=false', ...specs];
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, FORCE_COLOR: '0' } });
    children.add(child);
    let [said, isLate] = ['', false];
    const limit = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.stderr.on('data', (chunk) => (said = (said + chunk).slice(-OUTPUT_BYTES_MAX)));
    child.on('error', failed);
    child.on('close', (code) => {
      clearTimeout(limit);
      children.delete(child);
      if (isLate) done({ verdict: 'killed', by: `no end within ${limitMs / 1000} s` });
      else if (code === 0 && /^Tests: .*passed/m.test(said)) done({ verdict: 'lived', by: '' });
      else if (/^Tests: .*failed/m.test(said)) done({ verdict: 'killed', by: /● (.*)/.exec(said)?.[1] ?? '' });
      else done({ verdict: 'broken', by: said.slice(-2000) });
    });
  });
}

/** The spec beside the file first, since most mutants end there, then all but the slow ones, then those. */
function specsInTurn(folder, file, slowOnes) {
  const beside = file.replace(/\.ts$/, '.spec.ts');
  const only = (specs) => ['--runTestsByPath', ...specs];
  const slow = slowOnes.filter((spec) => withinOf(file).every((part) => spec.startsWith(part)));
  return [
    ...(existsSync(join(folder, beside)) && !slow.includes(beside) ? [only([beside])] : []),
    ...(slow.length === 0 ? [withinOf(file)] : [[...withinOf(file), '--testPathIgnorePatterns', '/node_modules/', ...slow.map((spec) => spec.replaceAll('.', '\\.') + '$')], only(slow)]),
  ];
}

/** Where the specs lie that have to notice; all of the project's for a file right in `src`. */
function withinOf(file) {
  return dirname(file) === 'src' ? [] : [`${dirname(file)}/`];
}

/** Runs all tests as they are: else everything would look noticed. Says which specs are slow. */
async function specsThatAreSlow(folder, project, mutants) {
  const report = join(scratch, 'report.json');
  const folders = mutants.map(({ file }) => withinOf(file));
  const within = folders.some((parts) => parts.length === 0) ? [] : [...new Set(folders.flat())];
  const whole = await test(folder, [...within, '--json', `--outputFile=${report}`], WHOLE_RUN_MS_MAX);
  if (whole.verdict !== 'lived') throw new Unusable(`${project}: its tests do not pass even without a mutant: ${whole.by}`);
  const suites = JSON.parse(readFileSync(report, 'utf8')).testResults;
  return suites.filter(({ startTime, endTime }) => endTime - startTime > SLOW_SPEC_MS).map(({ name }) => relative(folder, name));
}

async function tryMutant(folder, mutant, slow) {
  const startedMs = performance.now();
  const path = join(folder, mutant.file);
  const source = readFileSync(path, 'utf8');
  let result = { verdict: 'lived', by: '' };
  writeFileSync(path, source.replace(mutant.find, () => mutant.replace));
  try {
    for (const specs of specsInTurn(folder, mutant.file, slow)) {
      result = await test(folder, specs);
      if (result.verdict !== 'lived') break;
    }
  } finally {
    writeFileSync(path, source);
  }
  return { ...mutant, ...result, ms: Math.round(performance.now() - startedMs) };
}

async function runProject(project, mutants, results) {
  const waiting = [...mutants];
  let slow = [];
  const lanes = Array.from({ length: Math.min(Number(options.jobs ?? LANES_MAX), mutants.length) }, async (_, lane) => {
    const folder = copyOf(project, lane);
    if (lane === 0) {
      try {
        slow = await specsThatAreSlow(folder, project, mutants);
      } catch (error) {
        waiting.length = 0;
        throw error;
      }
    }
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const result = await tryMutant(folder, mutant, slow);
      results.push(result);
      say(`${result.verdict.padEnd(6)} ${project}/${result.file}:${result.line}  ${(result.ms / 1000).toFixed(1)} s  ${result.why}`);
    }
  });
  const ended = await Promise.allSettled(lanes);
  for (const lane of ended) if (lane.status === 'rejected') throw lane.reason;
}

function show({ project, file, line, find, replace, why, verdict, by }) {
  const marked = (sign, text) => text.split('\n').map((part) => `    ${sign} ${part}`).join('\n');
  say(`\n${verdict === 'lived' ? 'survived' : 'does not load'}: ${project}/${file}:${line}  ${why}\n${marked('-', find)}\n${marked('+', replace)}${by === '' ? '' : `\n${by}`}`);
}

function cleanUp() {
  for (const child of children) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => {
  cleanUp();
  process.exit(130);
});

try {
  const results = [];
  const lists = projects().map((project) => ({ project, mutants: mutantsOf(project) }));
  if (lists.length === 0) throw new Unusable(`no project has a ${LIST}`);
  for (const { project, mutants } of options.check ? [] : lists) await runProject(project, mutants, results);
  const bad = results.filter(({ verdict }) => verdict !== 'killed');
  for (const mutant of bad) show(mutant);
  if (options.json) console.log(JSON.stringify({ mutants: results.length, killed: results.length - bad.length, results }, null, 2));
  if (options.check) say(`${lists.reduce((sum, { mutants }) => sum + mutants.length, 0)} mutants apply`);
  else say(`\n${results.length} mutants, ${results.length - bad.length} killed, ${bad.length} not`);
  process.exitCode = bad.length === 0 ? 0 : 1;
} catch (error) {
  say(error instanceof Unusable ? `mutants: ${error.message}` : `mutants: ${error instanceof Error ? error.stack : String(error)}`);
  process.exitCode = 1;
} finally {
  cleanUp();
}
