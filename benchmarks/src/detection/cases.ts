/** What is done to members, one trial each, and when the gateway's view follows. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Member, TestCluster } from '@muster/test-cluster';

/** Silence beyond which detection has failed altogether; above every time limit under test. Milliseconds. */
const GIVE_UP_MS = 60_000;
/** After a pause or a freeze the member is waited for. Milliseconds. */
const BACK_MS_MAX = 60_000;
const FREEZE_MS = 3000;

export interface Sample {
  /** From the harm to no new requests; null: it never came to that. Milliseconds. */
  readonly noTrafficMs: number | null;
  /** From the harm to DOWN. Milliseconds. */
  readonly downMs: number | null;
}

export type Harm = (cluster: TestCluster, member: Member) => Promise<Sample>;

async function untilDown({ verdicts }: TestCluster, { nodeId }: Member, sinceMs: number): Promise<Sample> {
  const down = await verdicts.down(nodeId, sinceMs, GIVE_UP_MS);
  const first = await verdicts.serving(nodeId, false, sinceMs, GIVE_UP_MS);
  return { noTrafficMs: first.atMs - sinceMs, downMs: down.atMs - sinceMs };
}

/** What became of it by the time it serves again. */
async function untilBack({ verdicts }: TestCluster, { nodeId }: Member, sinceMs: number, thawedMs: number): Promise<Sample> {
  const lost = verdicts.turnsOf(nodeId, sinceMs).find((turn) => !turn.isServing);
  if (lost !== undefined) await verdicts.serving(nodeId, true, lost.atMs, BACK_MS_MAX + thawedMs - performance.now());
  const down = verdicts.turnsOf(nodeId, sinceMs).find(({ status }) => status === 'DOWN');
  return { noTrafficMs: lost === undefined ? null : lost.atMs - sinceMs, downMs: down === undefined ? null : down.atMs - sinceMs };
}

export const killed: Harm = async (cluster, member) => {
  const sinceMs = performance.now();
  member.kill();
  return untilDown(cluster, member, sinceMs);
};

export const stoppedFor = (forMs: number): Harm => async (cluster, member) => {
  const sinceMs = performance.now();
  member.pause();
  await pause(forMs);
  member.resume();
  return untilBack(cluster, member, sinceMs, performance.now());
};

export const stoppedForGood: Harm = async (cluster, member) => {
  const sinceMs = performance.now();
  member.pause();
  return untilDown(cluster, member, sinceMs);
};

export const frozen: Harm = async (cluster, member) => {
  const sinceMs = performance.now();
  member.block(FREEZE_MS);
  await pause(FREEZE_MS);
  return untilBack(cluster, member, sinceMs, performance.now());
};

export const vanished: Harm = async (cluster, member) => {
  const sinceMs = performance.now();
  member.vanish();
  return untilDown(cluster, member, sinceMs);
};
