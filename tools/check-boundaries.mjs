/**
 * Who may import whom, and what a core may name. Fails closed: a graph that lacks a declared edge is a broken
 * analysis, not a clean one. Run by `npm run boundaries` and by `npm test`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** Project types that each type may depend on in its production code; specs may also use `testing`. */
const ALLOWED = {
  app: ['shell', 'core', 'contract', 'util'],
  shell: ['core', 'contract', 'util'],
  core: ['contract'],
  contract: [],
  util: [],
  testing: ['shell', 'core', 'contract', 'util', 'testing'],
};
/** The only edges between cores: all others are composed by apps. */
const CORE_EDGES = { '@muster/evidence': ['@muster/failure-detector', '@muster/health-score', '@muster/membership'] };
/** npm packages that a type may name at all; null: whatever its package.json declares. */
const PACKAGES = { app: null, shell: null, testing: null, core: [], contract: ['zod'], util: ['zod', 'yaml'] };
/** The one folder that may name the Kafka client in production code. */
const KAFKA_DOOR = join('libs', 'messaging', 'src', 'kafka');
/** What makes a core impure although it compiles. */
const IMPURE = new Set(['Date', 'Promise', 'async', 'await', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance', 'process', 'console', 'crypto', 'fetch']);

const problems = [];
const problem = (text) => problems.push(text);

function projectGraph() {
  mkdirSync(join(root, '.nx'), { recursive: true });
  const file = join(root, '.nx', 'graph.json');
  rmSync(file, { force: true });
  const nx = spawnSync(process.execPath, [join(root, 'node_modules', 'nx', 'dist', 'bin', 'nx.js'), 'graph', `--file=${file}`], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false' },
  });
  const output = `${nx.stdout}${nx.stderr}`;
  if (nx.status !== 0 || /partial graph|threw an error/i.test(output) || !existsSync(file)) throw new Error(`nx graph failed:\n${output}`);
  return JSON.parse(readFileSync(file, 'utf8')).graph;
}

function sourceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['dist', 'node_modules', 'testdata'].includes(entry.name) ? [] : sourceFiles(path);
    return /\.(ts|tsx|mts)$/.test(entry.name) ? [path] : [];
  });
}

const isTestCode = (path) => /\.spec\.tsx?$|[\\/](test|testing)[\\/]/.test(path);
/** Older Nodes do not know all the built-ins that this code uses (`node:sqlite`); the scheme says what they are. */
const isNodeModule = (specifier) => specifier.startsWith('node:') || isBuiltin(specifier);
const packageName = (specifier) => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');

/** Every module a file names: imports, re-exports, import(), require(). */
function importsOf(source) {
  const found = [];
  const visit = (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const typeOnly = ts.isImportDeclaration(node)
        ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
          node.importClause?.isTypeOnly === true ||
          (node.importClause?.name === undefined && node.importClause?.namedBindings !== undefined && ts.isNamedImports(node.importClause.namedBindings) && node.importClause.namedBindings.elements.every((element) => element.isTypeOnly))
        : node.isTypeOnly;
      found.push({ specifier: node.moduleSpecifier.text, typeOnly });
    }
    const isCall = ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(node.expression) && node.expression.text === 'require'));
    if (isCall && node.arguments[0] && ts.isStringLiteralLike(node.arguments[0])) found.push({ specifier: node.arguments[0].text, typeOnly: false });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function checkImports(project, path, source, types) {
  const where = path.slice(root.length + 1);
  for (const { specifier, typeOnly } of importsOf(source)) {
    if (specifier.startsWith('.')) continue;
    if (isNodeModule(specifier)) {
      if (project.type === 'core' && !isTestCode(path)) problem(`${where}: a core must not import '${specifier}'`);
      continue;
    }
    const name = packageName(specifier);
    const target = types.get(name);
    if (target !== undefined) {
      if (specifier !== name) problem(`${where}: import '${name}', not '${specifier}': only what its index exports is public`);
      if (target === 'app') problem(`${where}: nothing imports an app, yet it imports '${name}'`);
      const allowed = isTestCode(path) ? [...ALLOWED[project.type], 'testing'] : ALLOWED[project.type];
      const isCoreEdge = CORE_EDGES[project.name]?.includes(name) === true;
      if (!allowed.includes(target) && !isCoreEdge) problem(`${where}: ${project.type} must not depend on ${target} ('${name}')`);
      if (project.type === 'core' && !isTestCode(path) && !typeOnly && !isCoreEdge) problem(`${where}: a core takes only types from '${name}': write 'import type'`);
    }
    const isDeclared = project.declared.has(name) || (isTestCode(path) && project.rootDev.has(name));
    if (!isDeclared) problem(`${where}: imports '${name}' without declaring it in ${project.root}/package.json`);
    const permitted = PACKAGES[project.type];
    if (target === undefined && permitted !== null && !permitted.includes(name) && !isTestCode(path)) problem(`${where}: ${project.type} must not import '${name}'`);
    if (name === 'kafkajs' && !where.startsWith(KAFKA_DOOR) && project.type !== 'testing' && !isTestCode(path)) problem(`${where}: the Kafka client is named under ${KAFKA_DOOR} only`);
  }
}

function checkPurity(path, source) {
  const report = (node, name) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    problem(`${path.slice(root.length + 1)}:${line + 1}: a core must not name '${name}': take time and randomness as parameters, return effects as data`);
  };
  const visit = (node) => {
    if (ts.isIdentifier(node) && IMPURE.has(node.text) && !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) && !ts.isPropertySignature(node.parent) && !ts.isPropertyAssignment(node.parent)) report(node, node.text);
    if (node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node)) report(node, 'async');
    if (ts.isPropertyAccessExpression(node) && node.expression.getText(source) === 'Math' && node.name.text === 'random') report(node, 'Math.random');
    ts.forEachChild(node, visit);
  };
  visit(source);
}

const graph = projectGraph();
const rootPackage = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const rootDev = new Set(Object.keys({ ...rootPackage.devDependencies }));
const projects = Object.entries(graph.nodes)
  .filter(([, node]) => node.data.root !== '.')
  .map(([name, node]) => {
    const manifest = JSON.parse(readFileSync(join(root, node.data.root, 'package.json'), 'utf8'));
    const tags = (node.data.tags ?? []).filter((tag) => tag.startsWith('type:'));
    if (tags.length !== 1 || !(tags[0].slice(5) in ALLOWED)) problem(`${node.data.root}: needs exactly one tag of type:${Object.keys(ALLOWED).join('|')}`);
    return { name, root: node.data.root, type: tags[0]?.slice(5), manifest, rootDev, declared: new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) };
  });
if (projects.length < 10) problem(`the graph holds ${projects.length} projects only: analysis is broken`);

const types = new Map(projects.map((project) => [project.name, project.type]));
const versions = new Map();
for (const project of projects) {
  const seen = new Set((graph.dependencies[project.name] ?? []).map((edge) => edge.target));
  for (const [name, version] of Object.entries({ ...project.manifest.dependencies, ...project.manifest.devDependencies })) {
    if (types.has(name)) {
      if (!seen.has(name)) problem(`the graph lacks the declared edge ${project.name} -> ${name}: analysis is broken`);
      continue;
    }
    if (/[\^~*x><]/.test(version)) problem(`${project.root}/package.json: pin '${name}' to one version, not '${version}'`);
    const known = versions.get(name);
    if (known !== undefined && known.version !== version) problem(`'${name}' is ${version} in ${project.root} but ${known.version} in ${known.root}: use one version`);
    versions.set(name, { version, root: project.root });
  }
  for (const path of sourceFiles(join(root, project.root))) {
    const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true, path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
    checkImports(project, path, source, types);
    if (project.type === 'core' && !isTestCode(path)) checkPurity(path, source);
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  console.error(`\nboundaries: ${problems.length} broken`);
  process.exit(1);
}
console.log(`boundaries hold: ${projects.length} projects, ${versions.size} packages, each at one version`);
