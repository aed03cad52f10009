import { type Beat, beatSchema, type Logger } from '@muster/contracts';
import { eventually, until } from '@muster/testing';
import { Registry } from 'prom-client';
import { FakeBus } from '../testing/fake-bus.js';
import { FakeCoordinator } from '../testing/fake-coordinator.js';
import { Agent } from './agent.js';
import type { AgentOptions } from './options.js';
import { probe } from './probe/probe.js';
import { Reach } from './probe/reach.js';

/** Between beats where the first one matters: a beat that is older than this when the bus is asked goes another way. Milliseconds. */
const CALM_MS = 2000;
/** How long an agent waits for the first words of coordinators: nothing is shown when this machine stands still for longer. Milliseconds. */
const WELCOME_MS_MAX = 1000;
const here = new Reach(['http://127.0.0.1:1']);
const open: { stop?(): void; close?(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) {
    one.stop?.();
    await one.close?.();
  }
});

function agentWith(options: Partial<AgentOptions>): Agent {
  const agent = new Agent({ nodeId: 'node-1', service: 'producer', coordinators: [], probe: false, heartbeat: { intervalMs: 30 }, ...options });
  open.push(agent);
  return agent;
}

async function coordinator(port = 0, nodeId: string | null = null): Promise<FakeCoordinator> {
  const fake = await FakeCoordinator.start(port, nodeId);
  open.push(fake);
  return fake;
}

/** Repeats what shows nothing because this machine stood still meanwhile. */
async function undisturbed<T>(attempt: () => Promise<T>): Promise<T> {
  const { seen } = await until('a machine that does not stand still', async () => {
    const startedMs = performance.now();
    const result = await attempt();
    return performance.now() - startedMs < WELCOME_MS_MAX ? { seen: result } : null;
  });
  return seen;
}

function recorder(): Logger & { lines: string[] } {
  const lines: string[] = [];
  const note = (_facts: object, message: string) => void lines.push(message);
  return { lines, debug: note, info: note, warn: note, error: note };
}

/** States in the order in which they were told, repetitions left out: a busy machine may fit in a beat more. */
const changesOf = ({ beats }: { readonly beats: readonly Beat[] }) => beats.map((beat) => beat.state).filter((state, index, all) => state !== all[index - 1]);

test('beats through the bus carry identity, a growing sequence and valid vitals', async () => {
  const bus = new FakeBus();
  const agent = agentWith({ bus, zone: 'zone-a', tags: { rack: '7' }, httpUrl: () => 'http://127.0.0.1:8082' });
  await agent.start();
  await until('five beats', () => bus.beats.length >= 5);
  // On a busy machine one of them may come too late for the bus, and is left out.
  const sent = bus.beats.map((beat) => beat.seq);
  expect(sent).toEqual([...new Set(sent)].toSorted((a, b) => a - b));
  const beat = bus.beats[4];
  expect(beatSchema.parse(beat)).toEqual(beat);
  expect(beat).toMatchObject({ nodeId: 'node-1', incarnation: agent.incarnation, service: 'producer', zone: 'zone-a', tags: { rack: '7' }, intervalMs: 30, state: 'running', httpUrl: 'http://127.0.0.1:8082' });
});

test('A4/A12: when the bus fails, beats go to a coordinator, and back when it recovers; both are counted', async () => {
  const [bus, fake, logger, metrics] = [new FakeBus(), await coordinator(), recorder(), new Registry()];
  const agent = agentWith({ bus, coordinators: [fake.url], logger, metrics, heartbeat: { intervalMs: 500 } });
  await agent.start();
  await until('a beat by bus', () => bus.beats.length > 0);
  bus.behaviour = 'fails';
  await until('three beats by the direct lane', () => fake.beats.length >= 3);
  bus.behaviour = 'takes';
  const before = bus.beats.length;
  await until('by bus again', () => bus.beats.length > before);
  const ofBus = (): string[] => logger.lines.filter((line) => line.includes('the bus'));
  await until('it is told', () => ofBus().length >= 3);
  expect(ofBus()).toEqual(['beating through the bus', 'beats do not get onto the bus (BUS_DOWN: away): beating straight to the coordinators', 'beating through the bus again']);
  const counted = [
    /cluster_heartbeats_sent_total\{lane="bus"\} [1-9]/,
    /cluster_heartbeats_sent_total\{lane="direct"\} [1-9]/,
    /cluster_heartbeat_lane\{lane="bus"\} 1\ncluster_heartbeat_lane\{lane="direct"\} 0/,
    /cluster_agent_lanes_open 1\n/,
    /cluster_agent_lanes_wanted 1\n/,
  ];
  await eventually('it is counted', () => metrics.metrics(), (text) => counted.every((line) => line.test(text)));
});

test('a bus that hangs costs the confirmation time, and publishes do not pile up', async () => {
  const [bus, fake] = [new FakeBus(), await coordinator()];
  bus.behaviour = 'hangs';
  const agent = agentWith({ bus, coordinators: [fake.url] });
  await agent.start();
  await until('ten beats by the direct lane', () => fake.beats.length >= 10);
  expect(bus.hungCount).toBe(3);
});

test('with no lane at all the agent stays quiet in one log line and beats again once somebody listens', async () => {
  const gone = await coordinator();
  const { url } = gone;
  await gone.close();
  const [logger, metrics] = [recorder(), new Registry()];
  const agent = agentWith({ coordinators: [url], logger, metrics });
  await agent.start();
  await until('it noticed', () => logger.lines.length > 0);
  expect(await metrics.metrics()).toContain('cluster_heartbeat_lane{lane="direct"} 0');
  const fake = await coordinator(Number(new URL(url).port));
  await until('it beats', () => fake.beats.length >= 2);
  await eventually('it is heard', () => metrics.metrics(), (text) => text.includes('cluster_heartbeat_lane{lane="direct"} 1'));
  expect(logger.lines).toEqual(['no lane takes beats: the cluster will not hear of this node until one does', 'beating straight to the coordinators']);
});

test('a node whose clock was set back takes the incarnation after the one that is known', async () => {
  const { fake, told } = await undisturbed(async () => {
    const asked = await coordinator();
    asked.knownIncarnation = Number.MAX_SAFE_INTEGER - 10;
    const heard: number[] = [];
    await agentWith({ coordinators: [asked.url], onIncarnation: (incarnation) => heard.push(incarnation) }).start();
    return { fake: asked, told: heard };
  });
  await until('a beat', () => fake.beats.length > 0);
  expect(told).toEqual([Number.MAX_SAFE_INTEGER - 9]);
  expect(fake.hellos.at(-1)).toEqual({ nodeId: 'node-1', incarnation: Number.MAX_SAFE_INTEGER - 9 });
  expect(fake.beats[0]).toMatchObject({ incarnation: Number.MAX_SAFE_INTEGER - 9, seq: 1 });
});

test('E2: with three coordinators that are killed one after the other, and no bus, beats go on as long as one is left, and again when one is back', async () => {
  const fakes = [await coordinator(), await coordinator(), await coordinator()];
  const metrics = new Registry();
  const agent = agentWith({ coordinators: fakes.map(({ url }) => url), metrics });
  await agent.start();
  await until('all of them hear it', () => fakes.every(({ beats }) => beats.length > 0));
  await eventually('it is counted', () => metrics.metrics(), (text) => text.includes('cluster_agent_lanes_open 3\n'));
  const [first, second, third] = fakes as [FakeCoordinator, FakeCoordinator, FakeCoordinator];
  const { url } = second;
  for (const [died, left] of [[first, second], [second, third]] as const) {
    await died.close();
    const before = left.beats.length;
    await until('who is left hears more', () => left.beats.length > before + 3);
  }
  await third.close();
  const back = await coordinator(Number(new URL(url).port));
  await until('it is heard again', () => back.beats.length > 2);
  const seqs = third.beats.map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.toSorted((one, other) => one - other));
});

test('of what several coordinators know the greatest counts, in whatever order they say it', async () => {
  const own = Date.now() * 1024;
  const { fakes, told, logger } = await undisturbed(async () => {
    const asked = [await coordinator(), await coordinator(), await coordinator()];
    for (const [at, known] of [own - 5_000_000, own + 9_000_000_000, own + 8_000_000_000].entries()) (asked[at] as FakeCoordinator).knownIncarnation = known;
    const [heard, lines] = [[] as number[], recorder()];
    await agentWith({ coordinators: asked.map(({ url }) => url), logger: lines, onIncarnation: (incarnation) => heard.push(incarnation) }).start();
    return { fakes: asked, told: heard, logger: lines };
  });
  expect(told).toEqual([own + 9_000_000_001]);
  await until('all of them hear it', () => fakes.every(({ beats }) => beats.length > 0));
  expect(fakes.map(({ beats }) => beats[0]?.incarnation)).toEqual([told[0], told[0], told[0]]);
  expect(logger.lines.filter((line) => line.includes('another process'))).toEqual([]);
});

test('the first beat waits for the word of each coordinator that can be reached', async () => {
  const { quick, known } = await undisturbed(async () => {
    const [one, slow] = [await coordinator(), await coordinator()];
    slow.answers = 'no-welcome';
    const agent = agentWith({ coordinators: [one.url, slow.url] });
    const started = agent.start();
    await until('both were greeted', () => one.hellos.length > 0 && slow.hellos.length > 0);
    const later = agent.incarnation + 5;
    // The quick one has answered before this is written, and a beat would be on its way.
    await until('the quick one is a lane', () => agent['shared'].get('lanesOpen') === 1);
    await new Promise(setImmediate);
    slow.say({ v: 1, kind: 'welcome', coordinatorId: slow.coordinatorId, knownIncarnation: later });
    await started;
    return { quick: one, known: later };
  });
  await until('a beat', () => quick.beats.length > 0);
  expect(quick.beats[0]?.incarnation).toBe(known + 1);
});

test('a coordinator that lags behind is no reason to think of a rival when one that knows more is reached later', async () => {
  const [behind, gone] = [await coordinator(), await coordinator()];
  const { url } = gone;
  await gone.close();
  const logger = recorder();
  const agent = agentWith({ coordinators: [behind.url, url], logger });
  await agent.start();
  await until('the one that lags behind hears it', () => behind.beats.length > 0);
  const own = agent.incarnation;
  const ahead = await FakeCoordinator.start(Number(new URL(url).port));
  open.push(ahead);
  ahead.knownIncarnation = own + 5;
  await until('it grew', () => agent.incarnation === own + 6);
  await until('both hear of it', () => [behind, ahead].every(({ beats }) => beats.at(-1)?.incarnation === own + 6));
  expect(logger.lines.filter((line) => line.includes('another process'))).toEqual([]);
});

test('coordinators whose addresses are asked for are found when they move, and an answer without any changes nothing', async () => {
  const [first, second, logger] = [await coordinator(), await coordinator(), recorder()];
  const answers = [['nonsense', first.url], []];
  const agent = agentWith({ coordinators: () => Promise.resolve(answers.shift() ?? [second.url]), logger });
  await agent.start();
  await until('the first hears it', () => first.beats.length > 0);
  await first.close();
  await until('the second hears it', () => second.beats.length > 0);
  expect(logger.lines.filter((line) => line.startsWith('the list of coordinators'))).toHaveLength(1);
});

test('a host that fails to take the incarnation is told of in the log, and its node beats on', async () => {
  const [bus, logger] = [new FakeBus(), recorder()];
  const agent = agentWith({ bus, logger, onIncarnation: () => { throw new Error('a bug of the host'); } });
  await agent.start();
  await until('two beats', () => bus.beats.length >= 2);
  expect(logger.lines[0]).toContain('onIncarnation threw');
});

test('an address that no coordinator reads is left out and reported once, and used again when it is sound', async () => {
  const [bus, logger] = [new FakeBus(), recorder()];
  let httpUrl = 'http://127.0.0.1:9000';
  const agent = agentWith({ bus, logger, httpUrl: () => httpUrl });
  await agent.start();
  httpUrl = 'localhost:9000';
  await until('five beats without it', () => bus.beats.filter((beat) => beat.httpUrl === null).length >= 5);
  httpUrl = 'http://127.0.0.1:9000';
  const before = bus.beats.length;
  await until('it is told again', () => bus.beats.slice(before).some((beat) => beat.httpUrl === httpUrl));
  expect(logger.lines.filter((line) => line.includes('httpUrl'))).toHaveLength(1);
});

test('a host that knows itself which incarnation is held asks nobody', async () => {
  const bus = new FakeBus();
  const told: number[] = [];
  const agent = agentWith({ bus, heartbeat: { intervalMs: CALM_MS }, knownIncarnation: () => Number.MAX_SAFE_INTEGER - 10, onIncarnation: (incarnation) => told.push(incarnation) });
  await agent.start();
  await until('a beat', () => bus.beats.length > 0);
  expect(bus.beats[0]).toMatchObject({ incarnation: Number.MAX_SAFE_INTEGER - 9, seq: 1 });
  expect(told).toEqual([Number.MAX_SAFE_INTEGER - 9]);
});

test('a coordinator that is reached only later makes the incarnation grow then, and the beats count anew', async () => {
  const [bus, gone] = [new FakeBus(), await coordinator()];
  const { url } = gone;
  await gone.close();
  const told: number[] = [];
  const agent = agentWith({ bus, coordinators: [url], heartbeat: { intervalMs: 300 }, onIncarnation: (incarnation) => told.push(incarnation) });
  await agent.start();
  await until('beats without its word', () => bus.beats.length > 2);
  const own = agent.incarnation;
  const fake = await FakeCoordinator.start(Number(new URL(url).port));
  open.push(fake);
  fake.knownIncarnation = own + 5;
  await until('it grew', () => agent.incarnation === own + 6);
  await until('beats of it', () => bus.beats.some(({ incarnation }) => incarnation === own + 6));
  expect(bus.beats.find(({ incarnation }) => incarnation === own + 6)?.seq).toBe(1);
  expect(told).toEqual([own, own + 6]);
  expect(fake.hellos.map(({ incarnation }) => incarnation)).toEqual([own, own + 6]);
});

test('an order to drain is told to all who listen, one that throws included, until they listen no more', async () => {
  const [bus, fake, logger] = [new FakeBus(), await coordinator(), recorder()];
  const told: string[] = [];
  const agent = agentWith({ bus, coordinators: [fake.url], logger, onDrain: () => { throw new Error('a bug of the host'); } });
  const unlisten = agent.onDrain((isDraining, reason) => told.push(`${isDraining} ${reason}`));
  await agent.start();
  expect(agent.isDraining).toBe(false);
  await until('the lane is open', () => fake.hellos.length > 0);
  fake.say({ v: 1, kind: 'drain', isDraining: true, reason: 'maintenance' });
  await until('it drains', () => agent.isDraining);
  unlisten();
  fake.say({ v: 1, kind: 'drain', isDraining: false, reason: '' });
  await until('it drains no more', () => !agent.isDraining);
  expect(told).toEqual(['true maintenance']);
  expect(logger.lines.filter((line) => line.startsWith('onDrain threw'))).toHaveLength(2);
});

test('beats name the probe port, and whoever asks there is told who is here', async () => {
  const [bus, metrics] = [new FakeBus(), new Registry()];
  const agent = agentWith({ bus, metrics, probe: { host: '127.0.0.1' } });
  await agent.start();
  await until('a beat', () => bus.beats.length > 0);
  const seen = { nodeId: 'node-1', incarnation: agent.incarnation, probeUrl: bus.beats[0]?.probeUrl ?? null, httpUrl: null };
  expect(await probe(seen, 1000, here)).toEqual({ result: 'answered', mainLagMs: 0 });
  expect(await probe({ ...seen, incarnation: seen.incarnation + 1 }, 1000, here)).toEqual({ result: 'refused', mainLagMs: 0 });
  const text = await metrics.metrics();
  expect(text).toMatch(/cluster_agent_probes_served_total 2\n/);
  expect(await metrics.metrics()).toMatch(/cluster_agent_probes_served_total 2\n/);
  agent.stop();
  expect((await probe(seen, 1000, here)).result).toBe('refused');
});

test('an address where no probe port can be opened costs the port, not the beats', async () => {
  const [bus, logger] = [new FakeBus(), recorder()];
  const agent = agentWith({ bus, logger, probe: { host: '192.0.2.1' } });
  await agent.start();
  await until('a beat', () => bus.beats.length > 0);
  expect(bus.beats[0]?.probeUrl).toBeNull();
  expect(logger.lines[0]).toContain('the probe port cannot be opened');
});

test('a second process under the same id is reported once and not fought', async () => {
  const [fake, logger] = [await coordinator(), recorder()];
  const agent = agentWith({ coordinators: [fake.url], logger });
  await agent.start();
  await until('a beat', () => fake.beats.length > 0);
  const own = agent.incarnation;
  fake.knownIncarnation = own + 1000;
  fake.outcome = 'stale';
  const before = fake.beats.length;
  await until('more beats', () => fake.beats.length > before + 3);
  expect(agent.incarnation).toBe(own);
  expect(logger.lines.filter((line) => line.includes('another process beats under this node id'))).toHaveLength(1);
});

test('a coordinator that says on the lane that a newer process has the name is heard, once', async () => {
  const [bus, fake, logger] = [new FakeBus(), await coordinator(), recorder()];
  const agent = agentWith({ bus, coordinators: [fake.url], logger });
  await agent.start();
  await until('the lane is open', () => fake.hellos.length > 0);
  for (let time = 0; time < 2; time++) fake.say({ v: 1, kind: 'welcome', coordinatorId: 'c1', knownIncarnation: agent.incarnation + 1000 });
  fake.say({ v: 1, kind: 'drain', isDraining: true, reason: 'afterwards' });
  await until('all of it was heard', () => agent.isDraining);
  expect(logger.lines.filter((line) => line.includes('another process beats under this node id'))).toHaveLength(1);
});

test('leaving is announced on both lanes, then the last word follows, then silence', async () => {
  const [bus, fake] = [new FakeBus(), await coordinator()];
  const agent = agentWith({ bus, coordinators: [fake.url], heartbeat: { intervalMs: CALM_MS } });
  await agent.start();
  await until('the lane is open', () => agent['shared'].get('lanesOpen') === 1);
  await Promise.all([agent.leave(), agent.leave()]);
  expect(changesOf(bus)).toEqual(['running', 'leaving', 'left']);
  expect(changesOf(fake)).toEqual(['leaving', 'left']);
  expect(bus.beats.at(-1)?.seq).toBe(bus.beats.length);
  await until('the lane ended', () => fake.ends.length > 0);
  expect(fake.ends).toEqual(['left']);
});

test('leaving is answered by all coordinators before the lanes end, so that none of them looks for a crash', async () => {
  const fakes = [await coordinator(), await coordinator(), await coordinator()];
  const agent = agentWith({ coordinators: fakes.map(({ url }) => url) });
  await agent.start();
  await until('all of them hear it', () => fakes.every(({ beats }) => beats.length > 0));
  await agent.leave();
  await until('all lanes ended', () => fakes.every(({ ends }) => ends.length > 0));
  expect(fakes.map(({ ends }) => ends)).toEqual([['left'], ['left'], ['left']]);
});

test('a frozen coordinator among others does not hold a leave for long', async () => {
  const lines = await undisturbed(async () => {
    const [well, frozen, logger] = [await coordinator(), await coordinator(), recorder()];
    const agent = agentWith({ coordinators: [well.url, frozen.url], logger });
    await agent.start();
    await until('both hear it', () => well.beats.length > 0 && frozen.beats.length > 0);
    frozen.answers = 'no-heard';
    await agent.leave();
    return logger.lines;
  });
  expect(lines).toContain('left the cluster');
});

test('the last word is on the bus although the coordinator takes beats and answers none', async () => {
  const [bus, fake] = [new FakeBus(), await coordinator()];
  const agent = agentWith({ bus, coordinators: [fake.url], heartbeat: { intervalMs: CALM_MS } });
  await agent.start();
  fake.answers = 'no-heard';
  await agent.leave();
  expect(changesOf(bus)).toEqual(['running', 'leaving', 'left']);
});

test('stopping is a crash to those who look: the lane breaks without a last word', async () => {
  const fake = await coordinator();
  const agent = agentWith({ coordinators: [fake.url] });
  await agent.start();
  await until('a beat', () => fake.beats.length > 0);
  agent.stop();
  await until('the lane ended', () => fake.ends.length > 0);
  expect(fake.ends[0]).toBe('running');
});

test('while a long shutdown lasts the node goes on saying that it is leaving', async () => {
  const bus = new FakeBus();
  const agent = agentWith({ bus });
  await agent.start();
  await agent.announceLeaving();
  await until('three more beats', () => bus.beats.filter((beat) => beat.state === 'leaving').length >= 4);
  await agent.leave();
  expect(bus.beats.at(-1)?.state).toBe('left');
});

test('leaving ends in bounded time when nobody listens, and an agent that never started leaves in silence', async () => {
  const unused = new FakeBus();
  await agentWith({ bus: unused }).leave();
  expect(unused.beats).toEqual([]);
  await until('a leave that only the bus held up is short', async () => {
    const bus = new FakeBus();
    const agent = agentWith({ bus });
    await agent.start();
    bus.behaviour = 'hangs';
    const startedMs = performance.now();
    await agent.leave();
    return performance.now() - startedMs < 4000;
  });
});

test('A6: operations and checks of the application are in the beats', async () => {
  const bus = new FakeBus();
  const agent = agentWith({ bus });
  agent.registerCheck('disk', () => ({ ok: false, detail: 'full' }));
  agent.operation(true);
  agent.operation(false);
  await agent.start();
  await until('two beats', () => bus.beats.length >= 2);
  expect(bus.beats[0]?.vitals.errorRate).toBe(0.5);
  expect(bus.beats[1]?.vitals).toMatchObject({ errorRate: 0, checks: [{ name: 'disk', ok: false, detail: 'full' }] });
});

test('A6: a main loop that stood still just before a beat shows in that beat', async () => {
  const bus = new FakeBus();
  const agent = agentWith({ bus });
  await agent.start();
  await until('a beat', () => bus.beats.length >= 1);
  const endMs = performance.now() + 200;
  while (performance.now() < endMs);
  await until('it shows', () => bus.beats.some((beat) => beat.vitals.eventLoopDelayMs > 100));
});

test.each([
  { name: 'a node id with a space', options: { nodeId: 'no good' }, message: /nodeId: must be 1-128 letters/ },
  { name: 'a service in upper case', options: { service: 'Producer' }, message: /service: must be 1-63 lower-case/ },
  { name: 'an interval of 0', options: { heartbeat: { intervalMs: 0 } }, message: /heartbeat.intervalMs is 0: give it a whole number from 10 to 60000/ },
  { name: 'a coordinator without a scheme', options: { coordinators: ['localhost:8081'] }, message: "'localhost:8081' is no address of a coordinator: write it as http://host:port" },
  { name: 'nobody to beat to', options: { bus: undefined }, message: /needs a bus or at least one coordinator/ },
])('$name is refused at once, with the remedy', ({ options, message }) => {
  expect(() => agentWith({ bus: new FakeBus(), ...options })).toThrow(message);
});

test('a node without an id is named after its service and host', () => {
  expect(agentWith({ nodeId: undefined, bus: new FakeBus() }).nodeId).toMatch(/^producer-/);
});
