/**
 * What `npm test` runs once everything is built: boundaries, lint, types, documents, then all tests against real servers.
 *
 *   npm test                      everything
 *   npm test -- messaging agent   the tests of these projects only
 *
 * The last line is always `N passed, N failed, N skipped`; the lines before it say which tests did not run and why.
 * A missing server fails the run when CI is set, and is only told otherwise.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findServer, SERVER_ENV, SERVER_KINDS } from '@muster/test-servers';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const results = join(root, '.nx', 'test-results');
const nx = join(root, 'node_modules', 'nx', 'dist', 'bin', 'nx.js');
const isCi = !['', '0', 'false', undefined].includes(process.env.CI);
/** Starts whole clusters and watches the clock: it gets the machine for itself, after the others. */
const ALONE = '@muster/integration-tests';
const STOP_GRACE_MS = 10_000;
/** A step that takes longer hangs; all steps together take a few minutes. */
const STEP_MS_MAX = 15 * 60_000;
const SKIPPED_GROUPS_SHOWN = 40;

const startedMs = performance.now();
const say = (text) => console.log(`\n[test ${((performance.now() - startedMs) / 1000).toFixed(0)} s] ${text}`);
// The targets in nx.json say `node`: it has to be the one that runs this, whatever else is on the PATH.
const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
// Nx would ask for colours on behalf of all, also into a file.
const colour = process.stdout.isTTY ? {} : { FORCE_COLOR: '0' };
const env = { ...process.env, ...colour, PATH: path, NX_DAEMON: 'false', NX_TUI: 'false', MUSTER_TEST_RESULTS: results };
const failedSteps = [];
let running = null;
let servers = [];
let interruptedBy = null;

/** Every project of the workspace that has tests, by package name. */
function projectsWithTests() {
  const folders = ['apps', 'libs'].flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name)));
  return [...folders, join(root, 'integration-tests'), join(root, 'benchmarks')]
    .filter((folder) => existsSync(join(folder, 'package.json')) && hasSpec(folder))
    .map((folder) => ({ folder, name: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name }));
}

function projectsCalled(words) {
  const all = projectsWithTests();
  const isCalled = (name, word) => name === word || name === `@muster/${word}`;
  const unknown = words.filter((word) => !all.some(({ name }) => isCalled(name, word)));
  if (unknown.length > 0) throw new Error(`no project with tests is called ${unknown.join(' or ')}; there are: ${all.map(({ name }) => name.replace('@muster/', '')).join(', ')}`);
  return words.length === 0 ? all : all.filter(({ name }) => words.some((word) => isCalled(name, word)));
}

function hasSpec(folder) {
  return readdirSync(folder, { withFileTypes: true }).some((entry) =>
    entry.isDirectory() ? !['node_modules', 'dist'].includes(entry.name) && hasSpec(join(folder, entry.name)) : entry.name.endsWith('.spec.ts'),
  );
}

/** Runs one step in a process group of its own, so that ending it ends what it started. Answers whether it succeeded. */
function step(title, args) {
  if (interruptedBy !== null) return Promise.resolve(false);
  say(title);
  return new Promise((done) => {
    running = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    const limit = setTimeout(() => {
      failedSteps.push(`${title} took more than ${STEP_MS_MAX / 60_000} minutes`);
      endGroup();
    }, STEP_MS_MAX);
    running.once('close', (code) => {
      clearTimeout(limit);
      running = null;
      if (code !== 0) failedSteps.push(title);
      done(code === 0);
    });
  });
}

/** Ends what the running step started; what does not end in time is killed. */
function endGroup() {
  const group = running?.pid;
  if (group === undefined) return;
  const send = (signal) => {
    try {
      process.kill(-group, signal);
    } catch {
      // The group has ended in the meantime, which is what was wanted.
    }
  };
  send('SIGTERM');
  setTimeout(() => send('SIGKILL'), STOP_GRACE_MS).unref();
}

function interrupt(signal) {
  if (interruptedBy !== null) return;
  interruptedBy = signal;
  say(`${signal}: stopping what was started`);
  endGroup();
}

const lookFor = (kind) => findServer(kind, { env: process.env, onProgress: (text) => say(text) });

/** What took too long to start beside the other steps, or could not be downloaded, is looked for once more where its absence is a failure. */
async function foundServers(search) {
  return Promise.all((await search).map((server) => (server.found || !isCi || interruptedBy !== null ? server : lookFor(server.kind))));
}

function tellServers() {
  say('servers for the tests');
  for (const server of servers) {
    const name = SERVER_ENV[server.kind];
    delete env[name];
    if (!server.found) {
      console.log(`  ${server.kind}: none`);
      continue;
    }
    env[name] = server.url;
    console.log(`  ${server.kind}: ${server.foundBy}, ${server.detail}`);
    // A variable that leads nowhere is a mistake worth a line, also when another server was found.
    for (const reason of server.passedOver.filter((text) => process.env[name] && text.startsWith('environment'))) console.log(`    passed over ${reason}`);
  }
}

async function runTests(projects) {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const reporters = ['--reporters=default', `--reporters=${join(root, 'tools', 'test-reporter.mjs')}`];
  const run = (title, names, parallel) =>
    step(title, [nx, 'run-many', '-t', 'test', '-p', names.join(','), `--parallel=${parallel}`, '--skip-nx-cache', '--outputStyle=stream-without-prefixes', '--', ...reporters]);
  const names = projects.map((project) => project.name);
  const together = names.filter((name) => name !== ALONE);
  if (together.length > 0) await run(`tests of ${together.length === 1 ? together[0] : `${together.length} projects`}`, together, 2);
  if (names.includes(ALONE)) await run('integration tests', [ALONE], 1);
}

/** The counts of each project; one that left none did not get to its end, which is a failure. */
function collect(projects) {
  const files = readdirSync(results).map((name) => JSON.parse(readFileSync(join(results, name), 'utf8')));
  return projects.map(({ folder, name }) => ({ name, ...(files.find((file) => file.rootDir === folder) ?? { passed: 0, failed: 1, skipped: [], isLost: true }) }));
}

function tellSkipped(counts) {
  const groups = new Map();
  for (const { name, skipped } of counts) {
    for (const { file, group } of skipped) {
      const where = `${name} ${file}: ${group}`;
      groups.set(where, (groups.get(where) ?? 0) + 1);
    }
  }
  const missing = servers.filter((server) => !server.found);
  if (groups.size === 0 && missing.length === 0) return;
  console.log('\nNot run:');
  for (const [where, count] of [...groups].slice(0, SKIPPED_GROUPS_SHOWN)) console.log(`  ${count} of ${where}`);
  if (groups.size > SKIPPED_GROUPS_SHOWN) console.log(`  and ${groups.size - SKIPPED_GROUPS_SHOWN} groups more`);
  if (missing.length === 0) console.log('Why: the tests themselves skipped them; all servers were there.');
  for (const { kind, reasons } of missing) {
    console.log(`Why: no ${kind} was found, ${SERVER_ENV[kind]} stayed empty`);
    for (const reason of reasons) console.log(`  ${reason}`);
  }
  if (missing.length > 0) console.log(isCi ? 'CI is set, so this is a failure.' : 'Set CI=true to make this a failure.');
}

function summarise(projects) {
  const counts = collect(projects);
  const sum = (count) => counts.reduce((total, project) => total + count(project), 0);
  for (const { name } of counts.filter((project) => project.isLost)) failedSteps.push(`${name} ended without a result`);
  tellSkipped(counts);
  if (failedSteps.length > 0) console.log(`\nFailed: ${failedSteps.join('; ')}`);
  const failed = sum((project) => project.failed);
  console.log(`\n${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  console.log(`${sum((project) => project.passed)} passed, ${failed} failed, ${sum((project) => project.skipped.length)} skipped`);
  const isIncomplete = isCi && servers.some((server) => !server.found);
  return failed === 0 && failedSteps.length === 0 && !isIncomplete ? 0 : 1;
}

async function main() {
  const wanted = process.argv.slice(2);
  const projects = projectsCalled(wanted);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupt(signal));
  const search = Promise.all(SERVER_KINDS.map(lookFor));
  if (wanted.length === 0) {
    await step('boundaries', [join(root, 'tools', 'check-boundaries.mjs')]);
    await step('lint and types', [nx, 'run-many', '-t', 'lint', 'typecheck', '--parallel=2', '--outputStyle=static']);
    await step('dashboards are what their sources say', [join(root, 'tools', 'dashboards.mjs'), '--check']);
    const configDocs = join(root, 'tools', 'config-docs.mjs');
    if (existsSync(configDocs)) await step('docs/configuration.md is up to date', [configDocs, '--check']);
    await step('docs/errors.md explains every code', [join(root, 'tools', 'error-docs.mjs')]);
    await step('mutants apply to the code as it is', [join(root, 'tools', 'mutants.mjs'), '--check']);
  }
  servers = await foundServers(search);
  try {
    if (interruptedBy === null) {
      tellServers();
      await runTests(projects);
    }
  } finally {
    await Promise.all(servers.map((server) => (server.found ? server.stop() : undefined)));
  }
  process.exitCode = interruptedBy === null ? summarise(projects) : 130;
}

await main().catch((error) => {
  console.error(`npm test: ${error.message}`);
  process.exitCode = 1;
});
