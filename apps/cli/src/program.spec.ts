import { createServer, type IncomingMessage, type Server } from 'node:http';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlHandler } from './commands/up-control.js';
import type { CliContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { type ControlServer, serveControl } from './local-cluster/control-socket.js';
import { LocalCluster } from './local-cluster/local-cluster.js';
import { startTokenOf } from './local-cluster/process-identity.js';
import { readState, writeState } from './local-cluster/state-file.js';
import { createProgram } from './program.js';
import { createTerminal, type OutputStream } from './terminal/terminal.js';

let cwd: string;
const cleanUps: (() => Promise<unknown> | void)[] = [];
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'muster-spec-'));
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  rmSync(cwd, { recursive: true, force: true });
});

/** Runs the command line as a user would, and hands back what it did. */
const muster = (...args: string[]) => musterAsked(null, ...args);

/** The same with somebody who answers questions. */
async function musterAsked(ask: CliContext['ask'], ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const stream = (key: 'out' | 'err'): OutputStream => ({
    write(text) {
      written[key] += text;
      return true;
    },
  });
  const context: CliContext = {
    env: { USER: 'ada' },
    ask,
    cwd,
    terminal: createTerminal({}, stream('out'), stream('err')),
    nowUnixMs: () => Date.now(),
    stopRequested: new AbortController().signal,
    stopAtOnce: new AbortController().signal,
  };
  const code = await createProgram(context)(args);
  return { code, ...written };
}

/** What `muster up` keeps, with one trivial process; owned by this test process. */
async function runningCluster(): Promise<LocalCluster> {
  const home = join(cwd, '.muster');
  const socket = join(cwd, 'a.sock');
  const script = `const fs = require('fs'); fs.rmSync('${socket}', { force: true }); require('net').createServer().listen('${socket}')`;
  const cluster = new LocalCluster({
    specs: [{ name: 'a', role: 'producer', nodeId: 'a', httpUrl: 'http://127.0.0.1:1', ports: [1], args: ['-e', script], env: {}, readiness: { kind: 'socket', path: socket }, startsAfter: [], stopStage: 0 }],
    nodePath: process.execPath,
    nodeArgs: [],
    env: {},
    logsFolder: join(home, 'logs'),
    listener: { onReady() {}, onEnded() {}, onStopped() {}, onChange() {} },
  });
  const controlSocket = join(cwd, 'control.sock');
  const control: ControlServer = await serveControl(controlSocket, controlHandler(cluster, () => {}));
  cleanUps.push(() => control.close(), () => cluster.stop(AbortSignal.abort(), () => {}));
  await cluster.start();
  writeState(home, { version: 1, up: { pid: process.pid, startToken: startTokenOf(process.pid) ?? '', startedAtUnixMs: 0 }, controlSocket, urls: [], processes: cluster.rows() });
  return cluster;
}

async function clusterThatSays(status: object, code = 200): Promise<string> {
  const server: Server = createServer((_request, response) => response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const member = (nodeId: string, status: string): object => ({ nodeId, status, service: 'node', zone: 'zone-a', reason: 'the probe was refused', healthScore: 97.4, phiScore: 0.31, lastHeartbeatTime: new Date().toISOString() });
const status = (hasQuorum: boolean, ...members: object[]): object => ({
  cluster: 'muster',
  totalNodes: members.length,
  healthyNodes: 1,
  hasQuorum,
  leaderId: 'coordinator-1',
  index: 7,
  term: 2,
  ageMs: 0,
  membership: Object.fromEntries(members.map((each) => [(each as { nodeId: string }).nodeId, each])),
});

describe('commands for the local cluster', () => {
  test('ps --json gives name, role, nodeId, pid and httpUrl of each process', async () => {
    const cluster = await runningCluster();
    const { code, out } = await muster('ps', '--json');
    expect(code).toBe(EXIT.ok);
    expect(JSON.parse(out)).toEqual([{ name: 'a', role: 'producer', nodeId: 'a', pid: cluster.rows()[0]?.pid, httpUrl: 'http://127.0.0.1:1', state: 'running' }]);
  });

  test('ps shows a table without colour in a pipe', async () => {
    const cluster = await runningCluster();
    const { out } = await muster('ps');
    expect(out.split('\n').map((line) => line.split(/\s+/))).toEqual([['NAME', 'STATE', 'PID', 'URL'], ['a', 'running', String(cluster.rows()[0]?.pid), 'http://127.0.0.1:1'], ['']]);
  });

  test('kill and start work by name, and ps tells the truth between them', async () => {
    const cluster = await runningCluster();
    const pid = cluster.rows()[0]?.pid;
    expect(JSON.parse((await muster('kill', 'a', '--json')).out)).toEqual({ name: 'a', pid, atUnixMs: expect.any(Number) });
    expect(JSON.parse((await muster('ps', '--json')).out)).toMatchObject([{ name: 'a', pid: null, state: 'killed' }]);
    expect((await muster('kill', 'a')).err).toMatch(/a is not running; `npx muster start a` starts it/);
    expect((await muster('start', 'a')).out).toMatch(/a runs again, as pid \d+/);
    expect(await muster('start', 'a')).toMatchObject({ code: EXIT.failed, err: expect.stringMatching(/running already, as pid/) });
  });

  test('stop ends a process gracefully, says what brings it back, and knows when there is nothing to stop', async () => {
    const cluster = await runningCluster();
    const pid = cluster.rows()[0]?.pid;
    expect(await muster('stop', 'a')).toMatchObject({ code: EXIT.ok, out: expect.stringContaining(`a (pid ${pid}) is stopped. \`npx muster start a\` brings it back`) });
    expect(JSON.parse((await muster('ps', '--json')).out)).toMatchObject([{ name: 'a', pid: null, state: 'exited' }]);
    expect(await muster('stop', 'a')).toMatchObject({ code: EXIT.failed, err: expect.stringMatching(/a is not running/) });
  });

  test('a name that nobody has is a mistake of usage, and the names there are are listed', async () => {
    await runningCluster();
    expect(await muster('kill', 'producer-9')).toMatchObject({ code: EXIT.usage, err: 'muster: there is no process "producer-9" here; there are: a\n' });
  });

  test('a second `up` in the same folder is refused with the pid of the first', async () => {
    await runningCluster();
    expect(await muster('up')).toMatchObject({ code: EXIT.alreadyRunning, err: expect.stringContaining(`runs here already (pid ${process.pid})`) });
  });

  test('a folder that cannot be used is named, with what the system says and what to do', async () => {
    writeFileSync(join(cwd, 'file'), '');
    expect(await muster('up', '--data', join(cwd, 'file', 'folder'))).toMatchObject({ code: EXIT.failed, err: expect.stringMatching(/^muster: cannot keep a cluster in .*folder: ENOTDIR.* Choose another folder with --data\.\n$/) });
  });

  test('fewer coordinators than the cluster has are refused, for the others would be missed', async () => {
    for (const name of ['coordinator-1', 'coordinator-2', 'coordinator-3']) mkdirSync(join(cwd, '.muster', 'data', name), { recursive: true });
    expect(await muster('up', '--coordinators', '1')).toMatchObject({ code: EXIT.usage, err: expect.stringMatching(/has 3 coordinators, and not all of them would be started\.\n.*--coordinators 3, or begin anew with --fresh --coordinators 1/) });
  });

  test.each([['ps'], ['kill', 'a'], ['stop', 'a'], ['start', 'a'], ['down']])('%s says so when no cluster runs here', async (...args) => {
    expect(await muster(...args)).toMatchObject({ code: EXIT.noCluster, err: expect.stringMatching(/no local cluster runs here .* Start one with `npm start`/) });
  });

  test('a state file whose `up` was killed is not believed, and `down` removes it', async () => {
    await runningCluster();
    const home = join(cwd, '.muster');
    const state = readState(home);
    if (state === null) throw new Error('no state was written');
    writeState(home, { ...state, up: { ...state.up, startToken: 'another process that had this pid' }, processes: [] });
    expect(await muster('ps')).toMatchObject({ code: EXIT.noCluster, err: expect.stringMatching(/`muster up` of this cluster .* is gone/) });
    expect((await muster('down')).code).toBe(EXIT.ok);
    expect(readState(home)).toBeNull();
  });
});

describe('commands that read a cluster', () => {
  test('status of a healthy cluster ends with 0', async () => {
    const url = await clusterThatSays(status(true, member('a', 'HEALTHY')));
    const { code, out } = await muster('status', '--url', url);
    expect(code).toBe(EXIT.ok);
    expect(out).toContain('1 of 1 HEALTHY');
  });

  test.each([
    ['a member is DOWN', status(true, member('a', 'HEALTHY'), member('b', 'DOWN'))],
    ['a member is DEGRADED', status(true, member('a', 'DEGRADED'))],
    ['there is no quorum', status(false, member('a', 'HEALTHY'))],
    ['everybody has left', { ...status(true, member('a', 'LEFT')), healthyNodes: 0 }],
  ])('status ends with 4 when %s, also with --json', async (_name, body) => {
    const url = await clusterThatSays(body);
    expect((await muster('status', '--url', url)).code).toBe(EXIT.unhealthy);
    const { code, out } = await muster('status', '--json', '--url', url);
    expect(code).toBe(EXIT.unhealthy);
    expect(JSON.parse(out)).toEqual(body);
  });

  test('members are listed by name, numbers in order of their value', async () => {
    const url = await clusterThatSays(status(true, member('node-10', 'HEALTHY'), member('node-9', 'SUSPECT')));
    const { out } = await muster('members', '--url', url);
    expect(out.split('\n').map((line) => line.split(/\s+/).slice(0, 6).join(' '))).toEqual(['NODE SERVICE ZONE STATUS SCORE PHI', 'node-9 node zone-a SUSPECT 97 0.3', 'node-10 node zone-a HEALTHY 97 0.3', '']);
  });

  test('marks have a column where there are any, and brakes a line of the status', async () => {
    const body = { ...status(true, { ...member('a', 'HEALTHY'), marks: ['cordoned', 'draining'] }, member('b', 'HEALTHY')), brakes: [{ zone: 'zone-a', reason: '4 of 6 are silent', sinceUnixMs: 0, holdsUntilUnixMs: 1, nodeIds: ['x', 'y', 'z', 'w'] }] };
    const url = await clusterThatSays(body);
    const lines = (await muster('members', '--url', url)).out.split('\n').map((line) => line.slice(0, 58));
    expect(lines.slice(0, 3)).toEqual([
      'NODE  SERVICE  ZONE    STATUS   MARKS              SCORE  ',
      'a     node     zone-a  HEALTHY  cordoned draining     97  ',
      'b     node     zone-a  HEALTHY                        97  ',
    ]);
    const { out } = await muster('status', '--url', url);
    expect(out).toMatch(/^ {2}brake {4}zone zone-a since \d\d:\d\d:\d\d, protects 4 {2}4 of 6 are silent$/m);
    expect(out).toMatch(/^ {2}a {2}HEALTHY cordoned draining {2}the probe was refused$/m);
  });

  test('DOWN members count among all, and every member that is not HEALTHY has a line', async () => {
    const url = await clusterThatSays({ ...status(true, member('a', 'HEALTHY'), member('b', 'DOWN'), member('c', 'LEFT'), member('d', 'JOINING')), totalNodes: 2 });
    const { out } = await muster('status', '--url', url);
    expect(out).toContain('members  1 of 3 HEALTHY');
    expect(out).toMatch(/^ {2}b {2}DOWN[^]*^ {2}c {2}LEFT[^]*^ {2}d {2}JOINING/m);
  });

  test.each([
    ['localhost:8080', /--url localhost:8080 is not an address to ask: did you mean http:\/\/localhost:8080\?/],
    ['gateway', /did you mean http:\/\/gateway\?/],
    ['kafka://host:9092', /it has to begin with http:\/\/ or https:\/\//],
  ])('an address that nobody can ask is a mistake of usage: %s', async (url, message) => {
    for (const command of ['status', 'members', 'watch']) expect(await muster(command, '--url', url)).toMatchObject({ code: EXIT.usage, err: expect.stringMatching(message) });
  });

  test('a name with two addresses says of both why they do not answer', async () => {
    expect((await muster('status', '--url', 'http://localhost:9')).err).toMatch(/http:\/\/localhost:9: connect ECONNREFUSED/);
  });

  test('a folder without a cluster is not answered with another cluster', async () => {
    for (const command of ['status', 'members', 'watch']) expect(await muster(command, '--data', 'nowhere')).toMatchObject({ code: EXIT.noCluster, err: expect.stringMatching(/no local cluster runs there/) });
  });

  test('the next address is asked when one fails, and all are named when none answers', async () => {
    const bad = await clusterThatSays({ statusCode: 503, code: 'NOT_READY', message: 'no view yet' }, 503);
    const good = await clusterThatSays(status(true, member('a', 'HEALTHY')));
    expect((await muster('status', '--url', bad, good)).code).toBe(EXIT.ok);
    expect(await muster('status', '--url', bad, 'http://127.0.0.1:9')).toMatchObject({ code: EXIT.noCluster, err: expect.stringMatching(/answered 503 \(no view yet\)[^]*127\.0\.0\.1:9: /) });
  });
});

describe('commands about one member', () => {
  interface Asked {
    readonly method: string;
    readonly path: string;
    readonly body: unknown;
  }
  /** A coordinator that answers the same to everything, and remembers what it was asked. */
  async function coordinator(answer: object, code = 200): Promise<{ url: string; asked: Asked[] }> {
    const asked: Asked[] = [];
    const read = async (request: IncomingMessage): Promise<unknown> => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      return text === '' ? null : JSON.parse(text);
    };
    const server = createServer((request, response) => {
      void read(request).then((body) => {
        asked.push({ method: request.method ?? '', path: request.url ?? '', body });
        response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }
  const result = (changed: boolean, ...marks: string[]): object => ({ changed, index: 9, term: 1, member: { nodeId: 'a', status: 'HEALTHY', reason: 'well', marks } });
  const refusal = (statusCode: number, code: string): object => ({ statusCode, code, message: `${code} it is` });

  test.each([
    ['drain', /^a is draining: it finishes what it has and gets nothing new\. `npx muster uncordon a` takes that back\./],
    ['cordon', /^a gets no new work, and neither do its next boots\./],
    ['uncordon', /^a is taken back: it gets work again/],
  ])('%s orders that of the coordinator, with reason and name, and says what it means', async (order, says) => {
    const { url, asked } = await coordinator(result(true));
    expect(await muster(order, 'a', '--reason', 'new kernel', '--url', url)).toMatchObject({ code: EXIT.ok, out: expect.stringMatching(says), err: '' });
    expect(asked).toEqual([{ method: 'POST', path: `/cluster/members/a/${order}`, body: { reason: 'new kernel', by: 'ada' } }]);
  });

  test.each([
    ['drain', /was draining already/],
    ['cordon', /was cordoned already/],
    ['uncordon', /was neither cordoned nor draining/],
    ['evict', /was gone already/],
  ])('%s of a member that is like that already is done, and says so', async (order, says) => {
    const { url } = await coordinator(result(false));
    expect(await muster(order, 'a', '--yes', '--url', url)).toMatchObject({ code: EXIT.ok, out: expect.stringMatching(says) });
  });

  test('evict asks first, does nothing without a yes, and goes ahead with one', async () => {
    const { url, asked } = await coordinator(result(true));
    const questions: string[] = [];
    const answering = (answer: string) => (question: string) => {
      questions.push(question);
      return Promise.resolve(answer);
    };
    for (const no of ['', 'n', 'yesterday']) expect(await musterAsked(answering(no), 'evict', 'a', '--url', url)).toMatchObject({ code: EXIT.failed, err: 'muster: a was left as it is\n' });
    expect(await muster('evict', 'a', '--url', url)).toMatchObject({ code: EXIT.usage, err: expect.stringContaining('say --yes to mean it') });
    expect(asked).toEqual([]);
    expect(questions[0]).toMatch(/^Evict a\? It is DOWN at once/);
    for (const yes of ['y', 'Yes ']) expect((await musterAsked(answering(yes), 'evict', 'a', '--url', url)).code).toBe(EXIT.ok);
    expect((await musterAsked(() => Promise.reject(new Error('not to be asked')), 'evict', 'a', '--yes', '--url', url)).out).toMatch(/^a is evicted: DOWN/);
    expect(asked.map(({ path }) => path)).toEqual(Array(3).fill('/cluster/members/a/evict'));
  });

  test('--json prints the answer of the coordinator', async () => {
    const { url } = await coordinator(result(true, 'draining'));
    expect(JSON.parse((await muster('drain', 'a', '--json', '--url', url)).out)).toEqual(result(true, 'draining'));
  });

  test.each([
    [409, 'CONFLICT', EXIT.failed],
    [400, 'ORDER_INVALID', EXIT.failed],
    [503, 'NO_QUORUM', EXIT.failed],
    [404, 'NOT_FOUND', EXIT.noCluster],
  ])('an answer %d %s ends with %d and its words', async (status, code, exit) => {
    const { url } = await coordinator(refusal(status, code), status);
    for (const command of ['drain', 'why']) expect(await muster(command, 'a', '--url', url)).toMatchObject({ code: exit, err: expect.stringContaining(`${code} it is`) });
  });

  test.each([
    ['where it was asked', (url: string) => ['--url', url], (url: string) => `npx muster members --url ${url}`],
    ['in a form that a shell takes', (url: string) => ['--url', `${url}/a&b`], (url: string) => `npx muster members --url '${url}/a&b'`],
  ])('a name that no member has is a mistake of usage, and the command that lists members is given %s', async (_, flags, command) => {
    const { url } = await coordinator(refusal(404, 'MEMBER_UNKNOWN'), 404);
    for (const asked of ['drain', 'why']) expect(await muster(asked, 'nobody', ...flags(url))).toMatchObject({ code: EXIT.usage, err: `muster: no member is named "nobody"; \`${command(url)}\` lists those there are\n` });
  });

  test('of those who could do it and cannot now each has a line, and a gateway, which never could, has none', async () => {
    const gateway = await coordinator(refusal(404, 'NOT_FOUND'), 404);
    const alone = await coordinator(refusal(503, 'NO_QUORUM'), 503);
    for (const command of ['drain', 'why']) {
      const { code, err } = await muster(command, 'a', '--url', gateway.url, 'http://127.0.0.1:9', alone.url);
      expect({ code, lines: err.trimEnd().split('\n') }).toEqual({ code: EXIT.failed, lines: ['muster: nobody could do that now.', `  ${alone.url}: answered 503 (NO_QUORUM it is)`, expect.stringMatching(/^ {2}http:\/\/127\.0\.0\.1:9: connect ECONNREFUSED/)] });
    }
  });

  test('a gateway that does not pass orders on, and a coordinator that is ending, are no reason to give up', async () => {
    const gateway = await coordinator(refusal(404, 'NOT_FOUND'), 404);
    const ending = await coordinator(refusal(503, 'COORDINATOR_ENDING'), 503);
    const good = await coordinator(result(true));
    expect((await muster('drain', 'a', '--url', good.url, ending.url, gateway.url, 'http://127.0.0.1:9')).code).toBe(EXIT.ok);
    expect((await muster('drain', 'a', '--url', 'http://127.0.0.1:9')).code).toBe(EXIT.noCluster);
  });

  test('the coordinators that a gateway knows are asked, and how to name one is said when none answers', async () => {
    const good = await coordinator(result(true));
    const member = (nodeId: string, service: string, status: string, httpUrl: string | null): object => ({ nodeId, service, status, httpUrl });
    const knowing = async (...members: object[]): Promise<string> => {
      const server = createServer((request, response) => {
        const isStatus = request.url === '/cluster/status';
        response.writeHead(isStatus ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(isStatus ? { totalNodes: 2, healthyNodes: 2, hasQuorum: true, membership: Object.fromEntries(members.entries()) } : refusal(404, 'NOT_FOUND')));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    const gone = member('c0', 'coordinator', 'DOWN', good.url);
    const gateway = await knowing(gone, member('c1', 'coordinator', 'HEALTHY', 'http://127.0.0.1:9'), member('c2', 'coordinator', 'SUSPECT', good.url));
    expect(await muster('drain', 'a', '--url', gateway)).toMatchObject({ code: EXIT.ok, err: '' });
    expect(good.asked).toHaveLength(1);
    const ending = await coordinator(refusal(503, 'COORDINATOR_ENDING'), 503);
    expect((await muster('drain', 'a', '--url', await knowing(member('c4', 'coordinator', 'HEALTHY', ending.url)), ending.url)).code).toBe(EXIT.failed);
    expect(ending.asked).toHaveLength(1);
    const alone = await knowing(gone, member('p', 'producer', 'HEALTHY', good.url), member('c3', 'coordinator', 'HEALTHY', null));
    for (const command of ['drain', 'why']) expect(await muster(command, 'a', '--url', alone)).toMatchObject({ code: EXIT.noCluster, err: expect.stringMatching(/only a coordinator can do that, and none answers\.[^]*NOT_FOUND it is[^]*Name one: --url/) });
    expect(good.asked).toHaveLength(1);
  });

  test('coordinators, which are named last, are asked first', async () => {
    const gateway = await coordinator(result(true));
    const good = await coordinator(result(true));
    await muster('drain', 'a', '--url', gateway.url, good.url);
    await muster('why', 'a', '--url', gateway.url, good.url);
    expect([gateway.asked.length, good.asked.length]).toEqual([0, 2]);
  });

  test('why explains on a terminal, and gives the answer as it is with --json', async () => {
    const answer = { nodeId: 'a/b', status: 'HEALTHY', reason: 'well', changedAtUnixMs: 0, index: 1, term: 1, marks: [], now: null, withheld: '', doubt: '', canary: null, damping: { penalty: 0, suppressAt: 1.5, reuseBelow: 0.75, untilUnixMs: null }, brake: '', lastVerdict: null };
    const { url, asked } = await coordinator(answer);
    expect(await muster('why', 'a/b', '--url', url)).toMatchObject({ code: EXIT.ok, out: expect.stringMatching(/^a\/b {2}HEALTHY[^]*It is well/) });
    expect(JSON.parse((await muster('why', 'a/b', '--json', '--url', url)).out)).toEqual(answer);
    expect(asked[0]).toMatchObject({ method: 'GET', path: '/cluster/members/a%2Fb/why?consistency=leader' });
  });

  test('why takes the evidence of a coordinator that is cut off where the leader has none to give', async () => {
    const answer = { nodeId: 'a', status: 'HEALTHY', reason: 'well', changedAtUnixMs: 0, index: 1, term: 1, marks: [], now: null, withheld: '', doubt: '', canary: null, damping: { penalty: 0, suppressAt: 1.5, reuseBelow: 0.75, untilUnixMs: null }, brake: '', lastVerdict: null };
    const server = createServer((request, response) => {
      const isSure = request.url?.includes('consistency') === true;
      response.writeHead(isSure ? 503 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(isSure ? refusal(503, 'NO_QUORUM') : answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
    expect(await muster('why', 'a', '--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)).toMatchObject({ code: EXIT.ok, out: expect.stringMatching(/^a {2}HEALTHY/) });
  });

  test('what answers, and is no coordinator, is said', async () => {
    const { url } = await coordinator({ hello: 'world' });
    for (const command of ['why', 'drain']) expect(await muster(command, 'a', '--url', url)).toMatchObject({ code: EXIT.failed, err: expect.stringContaining('is not what a coordinator says') });
  });
});

describe('the command line', () => {
  test.each([
    [['nonsense'], /unknown command 'nonsense'/],
    [['up', '--coordinators', '2'], /Give it 1, 3 or 5: an even number/],
    [['up', '--nodes', 'many'], /whole number from 0 to 200/],
    [['up', '--producers', '41'], /whole number from 0 to 40/],
    [['kill'], /missing required argument 'name'/],
    [['why'], /missing required argument 'node'/],
    [['drain', 'a', '--reason', 'x'.repeat(257)], /has 257 characters; at most 256/],
  ])('%j is a mistake of usage that is named', async (args, message) => {
    expect(await muster(...args)).toMatchObject({ code: EXIT.usage, err: expect.stringMatching(message) });
  });

  test('--help lists the commands and what exit codes mean', async () => {
    const { code, out } = await muster('--help');
    expect(code).toBe(EXIT.ok);
    for (const command of ['up', 'ps', 'status', 'members', 'watch', 'why', 'drain', 'cordon', 'uncordon', 'evict', 'kill', 'stop', 'start', 'down']) expect(out).toMatch(new RegExp(`^  ${command} `, 'm'));
    for (const value of Object.values(EXIT)) expect(out).toMatch(new RegExp(`^  ${value}  `, 'm'));
  });
});
