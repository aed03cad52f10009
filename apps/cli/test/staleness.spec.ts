/** What `npm start` decides before it runs anything: see tools/staleness.cjs, which has no project of its own. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface Stamp {
  install?: string;
  build?: Record<string, string>;
}
interface Staleness {
  buildDigests: (root: string, projects: string[]) => Record<string, string>;
  closureOf: (root: string, projects: string[]) => string[];
  installDigest: (root: string) => string;
  isInstallStale: (root: string, stamp: Stamp) => boolean;
  staleProjects: (root: string, digests: Record<string, string>, stamp: Stamp) => string[];
}
const { buildDigests, closureOf, installDigest, isInstallStale, staleProjects } = createRequire(import.meta.url)('../../../tools/staleness.cjs') as Staleness;

let root: string;
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const project = (path: string, entry: 'index' | 'main', references: string[]): void => {
  write(`${path}/package.json`, `{"name":"${path}"}`);
  write(`${path}/tsconfig.json`, JSON.stringify({ references: references.map((reference) => ({ path: reference })) }));
  write(`${path}/src/${entry}.ts`, 'export {};');
  write(`${path}/dist/${entry}.js`, 'export {};');
  write(`${path}/dist/.tsbuildinfo`, '{}');
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'muster-spec-'));
  write('package.json', JSON.stringify({ workspaces: ['apps/*', 'libs/*', 'benchmarks'] }));
  write('package-lock.json', '{}');
  write('node_modules/.package-lock.json', '{}');
  write('node_modules/ts7/bin/tsc', '');
  project('libs/low', 'index', []);
  project('libs/high', 'index', ['../low']);
  project('apps/one', 'main', ['../../libs/high']);
  project('apps/two', 'main', ['../../libs/low']);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const APPS = ['apps/one', 'apps/two'];
const fresh = (): Stamp => ({ install: installDigest(root), build: buildDigests(root, APPS) });
const stale = (stamp: Stamp, projects = APPS): string[] => staleProjects(root, buildDigests(root, projects), stamp);

describe('packages', () => {
  test('are installed once: the second start finds nothing to do', () => {
    expect(isInstallStale(root, {})).toBe(true);
    expect(isInstallStale(root, fresh())).toBe(false);
  });

  test.each(['package-lock.json', 'package.json', 'libs/low/package.json', '.npmrc'])('a change of %s asks for an installation', (file) => {
    const stamp = fresh();
    write(file, '{"changed": true, "workspaces": ["apps/*", "libs/*"]}');
    expect(isInstallStale(root, stamp)).toBe(true);
  });

  test('a new project asks for an installation, because it must be linked', () => {
    const stamp = fresh();
    project('libs/new', 'index', []);
    expect(isInstallStale(root, stamp)).toBe(true);
  });

  test('node_modules that somebody removed are noticed although the stamp says otherwise', () => {
    const stamp = fresh();
    rmSync(join(root, 'node_modules', '.package-lock.json'));
    expect(isInstallStale(root, stamp)).toBe(true);
  });
});

describe('projects', () => {
  test('without a stamp everything that is needed is compiled, references first', () => {
    expect(stale({})).toEqual(['libs/low', 'libs/high', 'apps/one', 'apps/two']);
  });

  test('nothing is compiled twice', () => {
    expect(stale(fresh())).toEqual([]);
  });

  test('a changed library makes its users stale, and nobody else', () => {
    const stamp = fresh();
    write('libs/high/src/index.ts', 'export const changed = 1;');
    expect(stale(stamp)).toEqual(['libs/high', 'apps/one']);
  });

  test('a new source and a removed source count as changes', () => {
    const stamp = fresh();
    write('apps/two/src/deep/extra.ts', '');
    expect(stale(stamp)).toEqual(['apps/two']);
    const again = fresh();
    rmSync(join(root, 'apps/two/src/deep/extra.ts'));
    expect(stale(again)).toEqual(['apps/two']);
  });

  test('a file that was only touched costs nothing', () => {
    const stamp = fresh();
    utimesSync(join(root, 'apps/one/src/main.ts'), new Date(), new Date());
    expect(stale(stamp)).toEqual([]);
  });

  test('tests are not compiled for a start, so changing one costs nothing', () => {
    const stamp = fresh();
    write('apps/one/src/main.spec.ts', 'changed');
    expect(stale(stamp)).toEqual([]);
  });

  test('compiled files that somebody removed are compiled again', () => {
    const stamp = fresh();
    rmSync(join(root, 'apps/two/dist/main.js'));
    rmSync(join(root, 'libs/high/dist'), { recursive: true });
    expect(stale(stamp)).toEqual(['libs/high', 'apps/two']);
  });

  test('another compiler or another base configuration makes everything stale', () => {
    const stamp = fresh();
    write('tsconfig.base.json', '{"changed": true}');
    expect(stale(stamp)).toHaveLength(4);
  });

  test('only what is asked for is looked at', () => {
    expect(stale({}, ['apps/two'])).toEqual(['libs/low', 'apps/two']);
  });

  test('references in a circle are named instead of followed', () => {
    write('libs/low/tsconfig.json', JSON.stringify({ references: [{ path: '../high' }] }));
    expect(() => closureOf(root, APPS)).toThrow(/circle: .*libs\/high -> libs\/low/);
  });
});
