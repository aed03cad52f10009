import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Beat, MemberStatus } from '@muster/contracts';
import { detectorConfig } from '@muster/failure-detector';
import { SCORE_DEFAULTS } from '@muster/health-score';
import { membershipRules } from '@muster/membership';
import { Registry } from 'prom-client';
import { beat } from '../../testing/beats.js';
import { SimClock, turns } from '../../testing/sim-clock.js';
import { Cluster } from '../cluster.js';
import { CoordinatorMetrics } from '../metrics.js';
import { Detection } from './detection.js';
import { type ProbeResult, Sightings } from '@muster/evidence';
import type { ProbeTarget } from './prober.js';

const SECOND = 1000;
const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let folder: string;
const closers: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-detection-'));
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  rmSync(folder, { recursive: true });
});

/** A coordinator `self` without network: nodes beat once a second while they are switched on. */
function world(clock = new SimClock(), seqs = new Map<string, number>()) {
  const cluster = Cluster.open({ name: 'test', nodeId: 'self', statePath: join(folder, 'state.sqlite'), rules: membershipRules({ stabilisationMs: 30_000 }), snapshotEntries: 1000, logger });
  const sightings = new Sightings({ detector: detectorConfig({ phiThreshold: 8, failureTimeoutMs: 15_000 }), score: SCORE_DEFAULTS, intervalMs: SECOND });
  const metrics = new CoordinatorMetrics(new Registry());
  const probes: ProbeTarget[] = [];
  const state = { isBusUp: true, probe: 'silent' as ProbeResult | Promise<ProbeResult> };
  const detection = new Detection({
    nodeId: 'self',
    cluster,
    sightings,
    clock,
    metrics,
    logger,
    intervalMs: SECOND,
    isBusUp: () => state.isBusUp,
    probe: (target) => {
      probes.push(target);
      return Promise.resolve(state.probe);
    },
  });
  const history: string[] = [];
  cluster.listen((change) => {
    if (change.kind === 'transition') history.push(`${change.member.nodeId} ${change.member.status}`);
  });
  detection.start();
  const on = new Map<string, Partial<Beat>>([['self', { nodeId: 'self', service: 'coordinator' }]]);
  const say = (nodeId: string, more: Partial<Beat> = {}): void => {
    const said = { nodeId, ...on.get(nodeId), ...more };
    const key = `${nodeId}/${said.incarnation ?? 7}`;
    const seq = (seqs.get(key) ?? 0) + 1;
    seqs.set(key, seq);
    detection.heard(beat({ ...said, seq, sentMonoMs: clock.nowMs() }), 1, 'bus');
  };
  const close = async (): Promise<void> => {
    await detection.settle();
    detection.stop();
    await cluster.close();
  };
  closers.push(close);
  return {
    clock, cluster, sightings, detection, probes, state, history, on, seqs, say, close,
    status: (nodeId: string): MemberStatus | undefined => cluster.membership.member(nodeId)?.record.status,
    async seconds(count: number): Promise<void> {
      for (let second = 0; second < count; second++) {
        for (const nodeId of on.keys()) say(nodeId);
        await turns();
        await clock.advance(SECOND);
      }
    },
  };
}

/** A world in which node `n` has become HEALTHY. */
async function withHealthy(options: { httpUrl: string | null; clock?: SimClock } = { httpUrl: null }) {
  const it = world(options.clock);
  it.on.set('n', { httpUrl: options.httpUrl });
  await it.seconds(15);
  expect(it.status('n')).toBe('HEALTHY');
  it.history.length = 0;
  return it;
}

test('a new node is HEALTHY at its third beat', async () => {
  const it = world();
  await it.seconds(1);
  it.on.set('n', {});
  await it.seconds(2);
  expect(it.status('n')).toBe('JOINING');
  await it.seconds(1);
  expect(it.status('n')).toBe('HEALTHY');
});

test('a node that is silent and cannot be asked is SUSPECT after 3 s and DOWN after 12 s, within the 15 s of A8', async () => {
  const it = await withHealthy();
  it.on.delete('n');
  await it.seconds(1);
  expect(it.status('n')).toBe('HEALTHY');
  await it.seconds(2);
  expect(it.status('n')).toBe('SUSPECT');
  await it.seconds(7);
  expect(it.status('n')).toBe('SUSPECT');
  await it.seconds(2);
  expect(it.status('n')).toBe('DOWN');
  expect(it.history).toEqual(['n SUSPECT', 'n DOWN']);
});

test('a process that is gone from a host that is up is DOWN as soon as it is overdue and two probes were refused', async () => {
  const it = await withHealthy({ httpUrl: 'http://127.0.0.1:1' });
  it.state.probe = 'refused';
  it.on.delete('n');
  await it.seconds(4);
  expect(it.status('n')).toBe('DOWN');
  expect(it.probes.length).toBeGreaterThanOrEqual(2);
  expect(it.cluster.membership.member('n')?.record.reason).toContain('process is gone');
});

test('a node whose beats are lost but that answers probes is degraded, and never DOWN', async () => {
  const it = await withHealthy({ httpUrl: 'http://127.0.0.1:1' });
  it.state.probe = 'answered';
  it.on.delete('n');
  await it.seconds(60);
  expect(it.status('n')).toBe('DEGRADED');
  expect(it.history).not.toContain('n DOWN');
  expect(it.history.length).toBeLessThanOrEqual(4);
  it.on.set('n', { httpUrl: 'http://127.0.0.1:1' });
  await it.seconds(2);
  expect(it.status('n')).toBe('HEALTHY');
});

test('a pause of ten seconds is a suspicion, not a death', async () => {
  const it = await withHealthy();
  const paused = it.on.get('n') ?? {};
  it.on.delete('n');
  await it.seconds(10);
  it.on.set('n', paused);
  await it.seconds(2);
  expect(it.status('n')).toBe('HEALTHY');
  expect(it.history).toEqual(['n SUSPECT', 'n HEALTHY']);
});

test('a busy node that paused is back as what it was, without a detour through DEGRADED', async () => {
  const it = await withHealthy();
  const busy = { vitals: { ...beat().vitals, cpuHost: 1, errorRate: 0.04 } };
  it.on.set('n', busy);
  await it.seconds(20);
  it.on.delete('n');
  await it.seconds(5);
  it.on.set('n', busy);
  await it.seconds(3);
  expect(it.history).toEqual(['n SUSPECT', 'n HEALTHY']);
});

test('a node that comes back after a failure is watched for the stabilisation period, and twice as long the next time', async () => {
  const it = await withHealthy();
  const rejoin = async (incarnation: number): Promise<number> => {
    it.on.delete('n');
    await it.seconds(13);
    expect(it.status('n')).toBe('DOWN');
    it.on.set('n', { incarnation });
    for (let second = 1; second < 200; second++) {
      await it.seconds(1);
      if (it.status('n') === 'HEALTHY') return second;
    }
    return Infinity;
  };
  const first = await rejoin(8);
  expect(first).toBeGreaterThanOrEqual(30);
  expect(first).toBeLessThanOrEqual(32);
  const second = await rejoin(9);
  expect(second).toBeGreaterThanOrEqual(60);
  expect(second).toBeLessThanOrEqual(62);
});

test('a restart without a word retires the old incarnation at once', async () => {
  const it = await withHealthy();
  it.on.set('n', { incarnation: 8 });
  await it.seconds(1);
  expect(it.cluster.membership.member('n')?.record).toMatchObject({ incarnation: 8, status: 'JOINING', reason: 'restarted without a word while HEALTHY' });
});

test('an announced leave is LEFT at once and no failure; the next start needs three beats', async () => {
  const it = await withHealthy();
  it.on.delete('n');
  it.say('n', { state: 'leaving' });
  it.say('n', { state: 'left' });
  await turns();
  expect(it.history).toEqual(['n LEAVING', 'n LEFT']);
  it.on.set('n', { incarnation: 8 });
  await it.seconds(3);
  expect(it.status('n')).toBe('HEALTHY');
});

test('while nothing reaches us, not even our own beat, nobody is judged; afterwards everybody has a full deadline', async () => {
  const it = await withHealthy();
  const alive = new Map(it.on);
  it.on.clear();
  await it.seconds(60);
  expect(it.history).toEqual([]);
  expect(it.detection.doubtReason()).toContain('it judges nobody');
  it.on.set('self', alive.get('self') ?? {});
  await it.seconds(2);
  expect(it.status('n')).toBe('HEALTHY');
  expect(it.detection.doubtReason()).toBe('');
  await it.seconds(3);
  expect(it.status('n')).toBe('SUSPECT');
});

test('a beat of our own last life, read late, is no proof that we see', async () => {
  const it = world();
  it.detection.heard(beat({ nodeId: 'self', incarnation: 8, seq: 1 }), 1, 'local');
  it.say('self', { incarnation: 7 });
  expect(it.detection.doubtReason()).not.toBe('');
  it.say('self', { incarnation: 8 });
  expect(it.detection.doubtReason()).toBe('');
});

test('beats by HTTP let us judge while the bus is away, and do not while it is up but brings us nothing', async () => {
  const it = await withHealthy();
  it.on.clear();
  const byHttp = (seq: number): void => void it.detection.heard(beat({ nodeId: 'other', seq, sentMonoMs: it.clock.nowMs() }), 1, 'http');
  for (let seq = 1; seq <= 20; seq++) {
    byHttp(seq);
    await it.clock.advance(SECOND);
  }
  expect(it.status('n')).toBe('HEALTHY');
  it.state.isBusUp = false;
  for (let seq = 21; seq <= 40; seq++) {
    byHttp(seq);
    await it.clock.advance(SECOND);
  }
  expect(it.status('n')).toBe('DOWN');
  expect(it.status('other')).toBe('HEALTHY');
});

test('when we ourselves were stopped for twenty seconds, nobody is suspected for it', async () => {
  const it = await withHealthy();
  await it.clock.freeze(20 * SECOND);
  await it.clock.advance(100);
  await it.seconds(30);
  expect(it.history).toEqual([]);
  expect(it.status('n')).toBe('HEALTHY');
});

test('a beat that arrives while a verdict is on its way vetoes it', async () => {
  const it = await withHealthy();
  it.on.delete('n');
  await it.seconds(9);
  expect(it.status('n')).toBe('SUSPECT');
  // Everything up to the verdict happens in one turn of the loop, and the beat comes before it is appended.
  const propose = it.cluster.propose.bind(it.cluster);
  it.cluster.propose = (command, options) => {
    if (command.kind === 'down') it.say('n');
    return propose(command, options);
  };
  await it.seconds(5);
  expect(it.history).not.toContain('n DOWN');
  expect(it.status('n')).not.toBe('DOWN');
});

test('a suspect is not cleared because we were away: only a sign of life clears it', async () => {
  const it = await withHealthy({ httpUrl: 'http://127.0.0.1:1' });
  let end: (result: ProbeResult) => void = () => undefined;
  it.state.probe = new Promise((resolve) => (end = resolve));
  it.on.delete('n');
  await it.seconds(5);
  expect(it.status('n')).toBe('SUSPECT');
  await it.clock.freeze(20 * SECOND);
  await it.seconds(1);
  // Its silence counts from here, so it does not look overdue when this probe finds out nothing.
  it.state.probe = 'silent';
  end('silent');
  await it.seconds(14);
  expect(it.history).toEqual(['n SUSPECT', 'n DOWN']);
});

test('a probe that ends while nothing reaches us leads to no verdict', async () => {
  const it = await withHealthy({ httpUrl: 'http://127.0.0.1:1' });
  let end: (result: ProbeResult) => void = () => undefined;
  it.state.probe = new Promise((resolve) => (end = resolve));
  it.on.delete('n');
  await it.seconds(5);
  it.on.clear();
  await it.seconds(20);
  end('silent');
  await it.seconds(1);
  expect(it.history).toEqual(['n SUSPECT']);
});

test('the answer to a probe counts from when it was asked, and for no other incarnation', async () => {
  const it = await withHealthy({ httpUrl: 'http://127.0.0.1:1' });
  let end: (result: ProbeResult) => void = () => undefined;
  it.state.probe = new Promise((resolve) => (end = resolve));
  it.on.delete('n');
  await it.seconds(4);
  const askedAtMs = it.clock.nowMs();
  await it.seconds(4);
  it.state.probe = 'silent';
  end('answered');
  await turns();
  expect(it.sightings.sight('n', it.clock.nowMs())?.silenceMs).toBeGreaterThanOrEqual(it.clock.nowMs() - askedAtMs);

  it.state.probe = new Promise((resolve) => (end = resolve));
  await it.seconds(2);
  it.on.set('n', { incarnation: 8, httpUrl: 'http://127.0.0.1:1' });
  await it.seconds(1);
  end('refused');
  await turns();
  expect(it.sightings.sight('n', it.clock.nowMs())).toMatchObject({ incarnation: 8, refusals: 0 });
});

test('two refusals prove a crash only in a row: an answer that says nothing, or a beat, lies between', async () => {
  const it = await withHealthy({ httpUrl: 'http://127.0.0.1:1' });
  const alive = it.on.get('n') ?? {};
  const steps = async (isEnough: () => boolean): Promise<void> => {
    for (let step = 0; step < 60 && !isEnough(); step++) {
      if (step % 10 === 0) it.say('self');
      await it.clock.advance(100);
    }
  };
  it.on.delete('n');
  for (const result of ['refused', 'silent', 'refused'] as const) {
    it.state.probe = result;
    const before = it.probes.length;
    await steps(() => it.probes.length > before);
  }
  expect(it.status('n')).toBe('SUSPECT');

  it.state.probe = 'refused';
  for (let silence = 0; silence < 3; silence++) {
    it.say('n', alive);
    await turns();
    const before = it.probes.length;
    await steps(() => it.probes.length > before);
  }
  expect(it.status('n')).toBe('SUSPECT');
  expect(it.history).not.toContain('n DOWN');
});

test('a node that joins is admitted by beats that are new, and begins anew after a suspicion', async () => {
  const it = world();
  await it.seconds(1);
  it.say('n');
  it.detection.heard(beat({ nodeId: 'n', seq: 2, sentMonoMs: it.clock.nowMs() }), 5, 'bus');
  it.seqs.set('n/7', 2);
  await turns();
  expect(it.status('n')).toBe('JOINING');
  await it.seconds(5);
  expect(it.status('n')).toBe('SUSPECT');
  it.on.set('n', {});
  await it.seconds(1);
  expect(it.status('n')).toBe('JOINING');
  await it.seconds(2);
  expect(it.status('n')).toBe('HEALTHY');
});

test('a last word that vetoes a suspicion is taken at once', async () => {
  const it = await withHealthy();
  it.on.delete('n');
  const propose = it.cluster.propose.bind(it.cluster);
  it.cluster.propose = (command, options) => {
    if (command.kind === 'suspect') queueMicrotask(() => it.say('n', { state: 'left' }));
    return propose(command, options);
  };
  for (let step = 0; step < 40 && it.sightings.sight('n', it.clock.nowMs())?.state !== 'left'; step++) {
    if (step % 10 === 0) it.say('self');
    await it.clock.advance(100);
  }
  expect(it.history).toEqual(['n LEFT']);
});

test('time in which we saw nothing is no time of stable beating', async () => {
  const it = await withHealthy();
  it.on.set('n', { incarnation: 8 });
  await it.seconds(10);
  await it.clock.freeze(60 * SECOND);
  await it.seconds(5);
  expect(it.status('n')).toBe('JOINING');
  await it.seconds(18);
  expect(it.status('n')).toBe('HEALTHY');
});

test('who says good-bye without ever having been a member is forgotten, and leaves room for others', async () => {
  const it = await withHealthy();
  for (let node = 0; node < 20; node++) it.say(`passer-by-${node}`, { state: 'left' });
  expect(it.sightings.size).toBe(22);
  await it.seconds(70);
  expect(it.sightings.size).toBe(2);
});

test('a restart keeps the members, and gives each a full deadline before it is judged', async () => {
  const first = await withHealthy();
  await first.close();
  const second = world(first.clock, first.seqs);
  expect(second.status('n')).toBe('HEALTHY');
  second.on.delete('n');
  await second.seconds(3);
  expect(second.status('n')).toBe('HEALTHY');
  await second.seconds(11);
  expect(second.status('n')).toBe('DOWN');
});

test('a restart in the middle of the stabilisation period neither forgets nor repeats what was waited', async () => {
  const first = await withHealthy();
  first.on.set('n', { incarnation: 8 });
  await first.seconds(20);
  expect(first.status('n')).toBe('JOINING');
  await first.close();
  const second = world(first.clock, first.seqs);
  second.on.set('n', { incarnation: 8 });
  await second.seconds(8);
  expect(second.status('n')).toBe('JOINING');
  await second.seconds(4);
  expect(second.status('n')).toBe('HEALTHY');
});

test('the dead are forgotten after a day', async () => {
  const it = await withHealthy();
  it.on.delete('n');
  await it.seconds(13);
  expect(it.status('n')).toBe('DOWN');
  await it.clock.freeze(24 * 3600 * SECOND);
  await it.seconds(62);
  expect(it.cluster.membership.member('n')).toBeUndefined();
  expect(it.sightings.incarnation('n')).toBeNull();
});

test('many nodes that die together are each found, with one timer', async () => {
  const it = world();
  for (let node = 0; node < 50; node++) it.on.set(`n${node}`, {});
  await it.seconds(10);
  for (let node = 0; node < 50; node++) it.on.delete(`n${node}`);
  await it.seconds(14);
  expect(new Set(Array.from({ length: 50 }, (_, node) => it.status(`n${node}`)))).toEqual(new Set(['DOWN']));
  expect(it.status('self')).toBe('HEALTHY');
});

test('of three hundred nodes that fall silent together every one is asked before it is given up', async () => {
  const it = world();
  const nodes = Array.from({ length: 300 }, (_, node) => `n${node}`);
  for (const nodeId of nodes) it.on.set(nodeId, { httpUrl: 'http://127.0.0.1:1' });
  await it.seconds(5);
  Object.defineProperty(it.state, 'probe', { get: () => new Promise<ProbeResult>((resolve) => it.clock.wakeAfter(SECOND, () => resolve('silent'))) });
  for (const nodeId of nodes) it.on.delete(nodeId);
  await it.seconds(10);
  expect(it.history).not.toContain('n0 DOWN');
  expect(new Set(it.probes.map((probe) => probe.nodeId)).size).toBe(nodes.length);
});

/**
 * Found by the simulation (`--scenario everything --seed 1`): the coordinator read the last word of a process and the first beat of the
 * next one in one go. The LEFT that was agreed a moment later took the new process's detector away, and a node without a detector
 * counts as silent: JOINING, SUSPECT and DOWN within 20 ms.
 */
test('a restart that is heard before its leave is agreed is not taken for dead', async () => {
  const it = await withHealthy();
  it.on.delete('n');
  it.say('n', { state: 'left' });
  it.say('n', { incarnation: 8 });
  await turns();
  await it.detection.settle();
  expect(it.history).toEqual(['n LEFT', 'n JOINING']);
  it.on.set('n', { incarnation: 8 });
  await it.seconds(3);
  expect(it.status('n')).toBe('HEALTHY');
});
