/**
 * Decides what a checkout still needs before it can run: packages installed, projects compiled.
 *
 * By content, not by time, so that `git checkout` and copied folders need nothing. Decides only; run.cjs acts. No
 * dependencies and old syntax, because it runs before anything is installed and on whatever Node is there.
 */
'use strict';

var crypto = require('crypto');
var fs = require('fs');
var path = require('path');

/** Files beside the sources that change what the compiler writes. */
var SHARED_INPUTS = ['tsconfig.base.json', 'tsconfig.core.json', path.join('node_modules', 'ts7', 'package.json')];

function readOrNull(file) {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EISDIR' || error.code === 'ENOTDIR') return null;
    throw error;
  }
}

function readJson(file) {
  var bytes = readOrNull(file);
  return bytes === null ? null : JSON.parse(bytes.toString('utf8'));
}

/** Digest over names and contents; a file that is missing counts as such. */
function digestOf(root, files, seeds) {
  var hash = crypto.createHash('sha256');
  (seeds || []).forEach(function (seed) {
    hash.update(seed + '\n');
  });
  files.forEach(function (file) {
    var bytes = readOrNull(path.join(root, file));
    hash.update(file.split(path.sep).join('/') + '\0' + (bytes === null ? -1 : bytes.length) + '\0');
    if (bytes !== null) hash.update(bytes);
  });
  return hash.digest('hex');
}

/** Folders that the workspace patterns of the root package.json name: `apps/*` and plain names. */
function workspaceFolders(root) {
  var manifest = readJson(path.join(root, 'package.json')) || {};
  var folders = [];
  (manifest.workspaces || []).forEach(function (pattern) {
    if (pattern.slice(-2) !== '/*') {
      folders.push(pattern);
      return;
    }
    var parent = pattern.slice(0, -2);
    var names = fs.existsSync(path.join(root, parent)) ? fs.readdirSync(path.join(root, parent)) : [];
    names.forEach(function (name) {
      folders.push(path.join(parent, name));
    });
  });
  return folders.filter(function (folder) {
    return fs.existsSync(path.join(root, folder, 'package.json'));
  }).sort();
}

/** What an installation depends on: lock file, every manifest, npm's settings, the machine. */
function installDigest(root) {
  var files = ['package-lock.json', '.npmrc', 'package.json'];
  workspaceFolders(root).forEach(function (folder) {
    files.push(path.join(folder, 'package.json'));
  });
  return digestOf(root, files, [process.platform, process.arch]);
}

/** True when packages must be installed: nothing there, somebody cleaned up, or a manifest changed since. */
function isInstallStale(root, stamp) {
  if (!fs.existsSync(path.join(root, 'node_modules', '.package-lock.json'))) return true;
  if (!fs.existsSync(path.join(root, 'node_modules', 'ts7', 'bin', 'tsc'))) return true;
  return stamp.install !== installDigest(root);
}

function sourcesOf(root, folder) {
  var found = [];
  var absolute = path.join(root, folder);
  if (!fs.existsSync(absolute)) return found;
  fs.readdirSync(absolute, { withFileTypes: true }).forEach(function (entry) {
    var file = path.join(folder, entry.name);
    if (entry.isDirectory()) found = found.concat(sourcesOf(root, file));
    else if (/\.[cm]?tsx?$/.test(entry.name) && !/\.spec\.tsx?$/.test(entry.name)) found.push(file);
  });
  return found.sort();
}

function referencesOf(root, project) {
  var config = readJson(path.join(root, project, 'tsconfig.json')) || {};
  return (config.references || []).map(function (reference) {
    return path.relative(root, path.resolve(root, project, reference.path));
  });
}

/** The projects and everything they reference, each after what it references. */
function closureOf(root, projects) {
  var ordered = [];
  function visit(project, trail) {
    if (trail.indexOf(project) !== -1) throw new Error('tsconfig references form a circle: ' + trail.concat(project).join(' -> '));
    if (ordered.indexOf(project) !== -1) return;
    referencesOf(root, project).forEach(function (reference) {
      visit(reference, trail.concat(project));
    });
    ordered.push(project);
  }
  projects.forEach(function (project) {
    visit(project, []);
  });
  return ordered;
}

/** Digest of each project, what it references included: a changed library makes its users stale too. */
function buildDigests(root, projects) {
  var shared = digestOf(root, SHARED_INPUTS);
  var digests = {};
  closureOf(root, projects).forEach(function (project) {
    var files = [path.join(project, 'tsconfig.json'), path.join(project, 'package.json')].concat(sourcesOf(root, path.join(project, 'src')));
    var seeds = referencesOf(root, project).map(function (reference) {
      return digests[reference];
    });
    digests[project] = digestOf(root, files, [shared].concat(seeds));
  });
  return digests;
}

/** True when what the compiler once wrote for a project is gone, in part at least. */
function isOutputMissing(root, project) {
  if (!fs.existsSync(path.join(root, project, 'dist', '.tsbuildinfo'))) return true;
  return ['index', 'main'].some(function (name) {
    return fs.existsSync(path.join(root, project, 'src', name + '.ts')) && !fs.existsSync(path.join(root, project, 'dist', name + '.js'));
  });
}

/** Projects among `digests` that must be compiled before they can be used. */
function staleProjects(root, digests, stamp) {
  var built = stamp.build || {};
  return Object.keys(digests).filter(function (project) {
    return built[project] !== digests[project] || isOutputMissing(root, project);
  });
}

module.exports = {
  buildDigests: buildDigests,
  closureOf: closureOf,
  installDigest: installDigest,
  isInstallStale: isInstallStale,
  readJson: readJson,
  referencesOf: referencesOf,
  staleProjects: staleProjects,
};
