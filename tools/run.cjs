/**
 * What every npm script of this repository goes through: checks Node, installs and compiles what is stale, then runs
 * the program that was asked for with the project's own Node.
 *
 *   node tools/run.cjs [COMMAND …]       the muster command line (`npm start`, `npm run muster -- …`)
 *   node tools/run.cjs --build           compiles everything
 *   node tools/run.cjs --test …          tools/test.mjs
 *   node tools/run.cjs --bench …         benchmarks/dist/main.js
 *   node tools/run.cjs --simulate …      libs/simulation/dist/main.js
 *   node tools/run.cjs --config-docs …   tools/config-docs.mjs
 *   node tools/run.cjs --mutants …       tools/mutants.mjs
 *
 * Needs nothing but Node and npm. Written in old syntax on purpose: a Node that is too old must get as far as saying so.
 * All it prints goes to stderr, so that `--json` output stays clean.
 */
'use strict';

var NODE_MAJOR_MIN = 20;
/** The services use built-ins (node:sqlite) that older lines lack or warn about. */
var NODE_MAJOR_TO_RUN = 24;

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  console.error('Muster needs Node ' + NODE_MAJOR_MIN + ' or newer to install itself; this is Node ' + process.versions.node + '.\nInstall a current one from https://nodejs.org and try again.');
  process.exit(1);
}

var childProcess = require('child_process');
var fs = require('fs');
var path = require('path');
var staleness = require('./staleness.cjs');

var root = path.resolve(__dirname, '..');
var cacheFolder = path.join(root, 'node_modules', '.cache', 'muster');
var stampFile = path.join(cacheFolder, 'prepared.json');
var lockFile = path.join(root, '.nx', 'prepare.lock');
var SILENCE_MS = 2000;
var LOCK_WAIT_MS_MAX = 15 * 60 * 1000;
var OUTPUT_BYTES_MAX = 1024 * 1024;

function say(text) {
  process.stderr.write('muster: ' + text + '\n');
}

function fail(text, code) {
  say(text);
  process.exit(code || 1);
}

function readStamp() {
  try {
    return staleness.readJson(stampFile) || {};
  } catch (error) {
    return {};
  }
}

function writeStamp(stamp) {
  fs.mkdirSync(cacheFolder, { recursive: true });
  fs.writeFileSync(stampFile + '.new', JSON.stringify(stamp, null, 2) + '\n');
  fs.renameSync(stampFile + '.new', stampFile);
}

function seconds(sinceMs) {
  return ((Date.now() - sinceMs) / 1000).toFixed(1) + ' s';
}

/**
 * Runs a step whose output matters only when it fails; says that it is at work once it takes longer than two seconds.
 * A step that fails ends the program, unless `failed` takes it from there.
 */
function step(label, command, args, done, failed) {
  var startedMs = Date.now();
  var chunks = [];
  var bytes = 0;
  var isShown = false;
  var child = childProcess.spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
  function keep(chunk) {
    if (bytes < OUTPUT_BYTES_MAX) chunks.push(chunk);
    bytes += chunk.length;
  }
  function show() {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[Kmuster: ' + label + ' (' + seconds(startedMs) + ')');
    else if (!isShown) say(label + ' …');
    isShown = true;
  }
  var timer = setInterval(function () {
    if (Date.now() - startedMs >= SILENCE_MS) show();
  }, 500);
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', function (error) {
    clearInterval(timer);
    fail(label + ' failed: cannot run ' + command + ': ' + error.message);
  });
  child.on('close', function (code, signal) {
    clearInterval(timer);
    if (isShown && process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    if (code !== 0 && failed !== undefined) return failed(signal || 'exit code ' + code);
    if (code !== 0) {
      process.stderr.write(Buffer.concat(chunks));
      fail(label + ' failed (' + (signal || 'exit code ' + code) + '); what it said is above.', code || 1);
    }
    if (isShown) say(label + ': done in ' + seconds(startedMs));
    done();
  });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** One at a time may install or compile in a checkout; a lock whose owner is gone is taken over. */
function withLock(work) {
  var startedMs = Date.now();
  var isWaitingShown = false;
  fs.mkdirSync(path.dirname(lockFile), { recursive: true });
  function unlock() {
    try {
      if (Number(fs.readFileSync(lockFile, 'utf8')) === process.pid) fs.unlinkSync(lockFile);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  function attempt() {
    try {
      fs.writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      var owner = 0;
      try {
        owner = Number(fs.readFileSync(lockFile, 'utf8'));
      } catch (gone) {
        owner = 0;
      }
      if (owner > 0 && !isAlive(owner)) fs.rmSync(lockFile, { force: true });
      if (Date.now() - startedMs > LOCK_WAIT_MS_MAX) fail('process ' + owner + ' has been installing or compiling here for too long; stop it, or remove ' + lockFile);
      if (!isWaitingShown && Date.now() - startedMs > SILENCE_MS) {
        isWaitingShown = true;
        say('process ' + owner + ' is installing or compiling in this folder; waiting for it …');
      }
      setTimeout(attempt, 100);
      return;
    }
    process.once('exit', unlock);
    work(unlock);
  }
  attempt();
}

function install(stamp, done) {
  if (!staleness.isInstallStale(root, stamp)) return done();
  var isFirst = !fs.existsSync(path.join(root, 'node_modules', '.package-lock.json'));
  if (isFirst) say('first start here: packages are installed and everything is compiled once, about a minute.');
  var args = ['install', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error', '--include=dev', '--include=optional'];
  var npm = process.env.npm_execpath;
  var isScript = npm !== undefined && /npm-cli\.[cm]?js$/.test(npm);
  step('installing packages', isScript ? process.execPath : 'npm', isScript ? [npm].concat(args) : args, function () {
    writeStamp({ install: staleness.installDigest(root), build: stamp.build });
    done();
  });
}

function compile(projects, done) {
  var stamp = readStamp();
  var digests = staleness.buildDigests(root, projects);
  var stale = staleness.staleProjects(root, digests, stamp);
  if (stale.length === 0) return done();
  var tsc = path.join(root, 'node_modules', 'ts7', 'bin', 'tsc');
  step('compiling ' + stale.length + (stale.length === 1 ? ' project' : ' projects'), process.execPath, [tsc, '-b', '--pretty', String(Boolean(process.stderr.isTTY))].concat(projects), function () {
    var built = Object.assign({}, stamp.build, digests);
    writeStamp({ install: stamp.install, build: built });
    done();
  });
}

/** Installs and compiles what `projects` need. Takes the lock only when there is something to do. */
function prepare(projects, done) {
  var stamp = readStamp();
  var isFresh = !staleness.isInstallStale(root, stamp) && staleness.staleProjects(root, staleness.buildDigests(root, projects), stamp).length === 0;
  if (isFresh) return done();
  withLock(function (unlock) {
    install(readStamp(), function () {
      compile(projects, function () {
        unlock();
        done();
      });
    });
  });
}

/** The empty database that `muster up` copies for its consumer; its name there is the same. Without one things only take longer. */
function prepareDatabase(done) {
  var engine = staleness.readJson(path.join(root, 'node_modules', '@electric-sql', 'pglite', 'package.json'));
  if (engine === null || fs.existsSync(path.join(cacheFolder, 'database-' + engine.version))) return done();
  withLock(function (unlock) {
    function go() {
      unlock();
      done();
    }
    step('preparing the embedded database', projectNode(), [path.join(root, 'tools', 'database-template.mjs'), path.join(cacheFolder, 'database-' + engine.version)], go, function (why) {
      say('the embedded database could not be prepared (' + why + '); the consumer will do it.');
      go();
    });
  });
}

/** The Node that came with the packages; else this one, when it is new enough. */
function projectNode() {
  var bin = path.join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  // npm 9, which Debian has, unpacks the package and makes no link to its program.
  var unpacked = path.join(root, 'node_modules', 'node-' + process.platform + '-' + process.arch, 'bin', 'node');
  var local = [bin, unpacked].filter(fs.existsSync)[0];
  if (local !== undefined) {
    var probe = fs.realpathSync(local) === fs.realpathSync(process.execPath) ? { status: 0 } : childProcess.spawnSync(local, ['--version'], { encoding: 'utf8' });
    if (probe.status === 0) return local;
  }
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_TO_RUN) return process.execPath;
  return fail(
    'Muster runs on Node ' + NODE_MAJOR_TO_RUN + '. There is a packaged one for Linux (x64, arm64), but not for ' + process.platform + '/' + process.arch + ',\n' +
      '        and this is Node ' + process.versions.node + '. Install Node ' + NODE_MAJOR_TO_RUN + ' from https://nodejs.org and try again.'
  );
}

/** Becomes the program where Node can replace itself; else runs it as a child, passing on signals and exit code. */
function run(file, args) {
  var node = projectNode();
  var argv = ['--enable-source-maps', path.join(root, file)].concat(args);
  if (!fs.existsSync(path.join(root, file))) fail(file + ' is not there; is this checkout complete?');
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.removeAllListeners('exit');
    process.execve(fs.realpathSync(node), ['node'].concat(argv), process.env);
  }
  var child = childProcess.spawn(node, argv, { stdio: 'inherit' });
  ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'].forEach(function (signal) {
    process.on(signal, function () {
      // A terminal sends Ctrl-C to the child as well; sending it twice would read as "stop at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  });
  child.on('error', function (error) {
    fail('cannot run ' + node + ': ' + error.message);
  });
  child.on('close', function (code, signal) {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function runAtOnce(done) {
  done();
}

function allProjects() {
  return staleness.referencesOf(root, '.');
}

function apps() {
  return allProjects().filter(function (project) {
    return project.split(path.sep)[0] === 'apps';
  });
}

var wanted = process.argv[2];
var rest = process.argv.slice(3);
switch (wanted) {
  case '--build':
    prepare(allProjects(), function () {
      say('everything is compiled.');
    });
    break;
  case '--test':
    prepare(allProjects(), function () {
      run(path.join('tools', 'test.mjs'), rest);
    });
    break;
  case '--bench':
    prepare(apps().concat('benchmarks'), function () {
      run(path.join('benchmarks', 'dist', 'main.js'), rest);
    });
    break;
  case '--simulate':
    prepare([path.join('libs', 'simulation')], function () {
      run(path.join('libs', 'simulation', 'dist', 'main.js'), rest);
    });
    break;
  case '--mutants':
    prepare([], function () {
      run(path.join('tools', 'mutants.mjs'), rest);
    });
    break;
  case '--config-docs':
    prepare(allProjects(), function () {
      run(path.join('tools', 'config-docs.mjs'), rest);
    });
    break;
  default:
    prepare(apps(), function () {
      (wanted === 'up' ? prepareDatabase : runAtOnce)(function () {
        run(path.join('apps', 'cli', 'dist', 'main.js'), process.argv.slice(2));
      });
    });
}
