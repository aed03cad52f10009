/**
 * The detector alone: beats per CPU second and bytes per node, beside a plain φ detector with an array per node that is polled.
 *
 * Time is simulated; gaps are those of real senders (jitter, a way of 1 to 21 ms, one beat in a hundred lost), and node ids are strings
 * that were just decoded, as in a coordinator. Both look for late nodes every 100 ms of that time, which is part of the cost.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { detectorConfig, DetectorSet } from '@muster/failure-detector';
import { machineConditions } from './conditions.js';
import { tell } from './progress.js';
import type { BenchReport, BenchResult } from './report.js';

const INTERVAL_MS = 1000;
const LOOK_EVERY_MS = 100;
const WINDOW = 128;
const PHI = 8;
/** Draws that are used over and over: a power of two. Count. */
const DRAWS = 65_536;
/** The plain one passes over every gap of every node at each look: it gets fewer beats. */
const NAIVE_SHARE = 0.02;

interface Subject {
  watch(nodeId: string, nowMs: number): void;
  beat(nodeId: string, seq: number, sentMonoMs: number, nowMs: number): void;
  /** Finds who is late, and says how many. */
  look(nowMs: number): number;
}

function ours(): Subject {
  const set = new DetectorSet(detectorConfig({ phiThreshold: PHI, failureTimeoutMs: 15_000 }));
  const timing = { seq: 0, sentMonoMs: 0, intervalMs: INTERVAL_MS };
  return {
    watch: (nodeId, nowMs) => set.watch(nodeId, { intervalMs: INTERVAL_MS, nowMs }),
    beat(nodeId, seq, sentMonoMs, nowMs) {
      timing.seq = seq;
      timing.sentMonoMs = sentMonoMs;
      set.heartbeat(nodeId, timing, 1, nowMs, seq % 12);
    },
    look(nowMs) {
      set.nextDeadlineMs(nowMs);
      return set.late(nowMs).length;
    },
  };
}

/** As it is usually written: an array of gaps per node, mean and deviation counted anew at each look. */
function naive(): Subject {
  const nodes = new Map<string, { readonly gaps: number[]; lastMs: number }>();
  return {
    watch: (nodeId, nowMs) => void nodes.set(nodeId, { gaps: [0.75 * INTERVAL_MS, 1.25 * INTERVAL_MS], lastMs: nowMs }),
    beat(nodeId, _, __, nowMs) {
      const node = nodes.get(nodeId);
      if (node === undefined) return;
      node.gaps.push(nowMs - node.lastMs);
      if (node.gaps.length > WINDOW) node.gaps.shift();
      node.lastMs = nowMs;
    },
    look(nowMs) {
      let late = 0;
      for (const { gaps, lastMs } of nodes.values()) {
        const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
        const deviation = Math.max(0.1 * INTERVAL_MS, Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length));
        const z = (nowMs - lastMs - mean - INTERVAL_MS) / deviation;
        if (Math.log1p(Math.exp(z * (1.5976 + 0.070566 * z * z))) / Math.LN10 >= PHI) late += 1;
      }
      return late;
    },
  };
}

interface Measured {
  readonly beats: number;
  readonly beatsPerCpuSecond: number;
  readonly nsPerBeat: number;
  readonly bytesPerNode: number;
}

const draws = Float64Array.from({ length: DRAWS }, () => Math.random());

async function measure(make: () => Subject, nodes: number, beatsWanted: number): Promise<Measured> {
  // Ids that are parsed anew are what a decoder hands over: strings whose hash is not known yet.
  const text = JSON.stringify(Array.from({ length: nodes }, (_, position) => `payments-worker-${position}`));
  const ids = (): readonly string[] => JSON.parse(text) as string[];
  const before = await heldBytes();
  const subject = make();
  ids().forEach((nodeId, position) => subject.watch(nodeId, (position * INTERVAL_MS) / nodes));
  const rounds = Math.max(2, Math.ceil(beatsWanted / nodes));
  // Every window is full before it counts: half of one would be half the bytes and half the work of a look.
  const warmUp = Math.ceil(1.1 * WINDOW);
  let [beats, cpuMicros, draw] = [0, 0, 0];
  for (let round = 1; round <= warmUp + rounds; round++) {
    const fresh = ids();
    const startedAt = process.cpuUsage();
    const beatsBefore = beats;
    let lookedAtMs = round * INTERVAL_MS;
    for (let position = 0; position < nodes; position++) {
      const dueMs = round * INTERVAL_MS + (position * INTERVAL_MS) / nodes;
      if (round > warmUp && dueMs - lookedAtMs >= LOOK_EVERY_MS) subject.look((lookedAtMs = dueMs));
      draw = (draw + 1) & (DRAWS - 1);
      const luck = draws[draw]!;
      if (luck < 0.01) continue;
      const sentMonoMs = dueMs + luck * 8;
      subject.beat(fresh[position]!, round, sentMonoMs, sentMonoMs + 1 + draws[DRAWS - 1 - draw]! * 20);
      beats += 1;
    }
    const spent = process.cpuUsage(startedAt);
    if (round > warmUp) cpuMicros += spent.user + spent.system;
    else beats = beatsBefore;
  }
  const bytesPerNode = ((await heldBytes()) - before) / nodes;
  // Used after the measure, so that it is still held then.
  subject.look((warmUp + rounds + 2) * INTERVAL_MS);
  return { beats, beatsPerCpuSecond: (beats * 1e6) / cpuMicros, nsPerBeat: (cpuMicros * 1000) / beats, bytesPerNode };
}

export async function detector(options: { readonly nodes: readonly number[]; readonly beats: number }): Promise<BenchReport> {
  const conditions = machineConditions();
  const results: BenchResult[] = [];
  for (const nodes of options.nodes) {
    tell(`detector: ${nodes} nodes`);
    // What is compiled on first use is no memory of a node.
    for (const make of [ours, naive]) await measure(make, 100, 10_000);
    const own = await measure(ours, nodes, options.beats);
    const peer = await measure(naive, nodes, options.beats * NAIVE_SHARE);
    const rows = ({ beats, beatsPerCpuSecond, nsPerBeat, bytesPerNode }: Measured, who?: string): BenchResult[] => {
      const of = { case: `${nodes} nodes`, n: beats, ...(who === undefined ? {} : { peer: who }) };
      return [
        { ...of, metric: 'beats, looks included', unit: 'beats/CPU s', value: beatsPerCpuSecond },
        { ...of, metric: 'one beat', unit: 'ns', value: nsPerBeat },
        { ...of, metric: 'memory', unit: 'bytes/node', value: bytesPerNode },
      ];
    };
    results.push(...rows(own), ...rows(peer, 'plain φ, polled'));
  }
  return { bench: 'detector', conditions: { ...conditions, 'beats at least': options.beats, interval: `${INTERVAL_MS} ms`, window: `${WINDOW} gaps`, 'looks for late nodes': `every ${LOOK_EVERY_MS} ms` }, results };
}

/** What is held after everything that can be collected was; the memory of typed arrays is given back a moment later. Bytes. */
async function heldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let pass = 0; pass < 3; pass++) {
    collect();
    await pause(20);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
