/** Runs the trials of one case: members come up, are harmed at a random point between two beats, and are replaced. */
import { setTimeout as pause } from 'node:timers/promises';
import { tellProgress } from '../progress.js';
import type { Sample } from './cases.js';
import type { Member, TestCluster } from '@muster/test-cluster';
import type { DetectionCase } from './plan.js';

/** Beats that a new member has made before it is harmed, so that its rhythm is known. Count. */
const BEATS_BEFORE = 4;

export async function runTrials(cluster: TestCluster, one: DetectionCase, count: number): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  let begun = 0;
  const lane = async (slot: number): Promise<void> => {
    while (begun < count) {
      // A new one each time: what a detector learnt from one pause would make the next look slower.
      const member = await join(cluster, one, `${one.key}-${++begun}`, slot);
      // Somewhere between two beats: right after one, detection would always look alike.
      await pause(Math.random() * one.intervalMs);
      cluster.verdicts.expect(member.nodeId);
      samples.push(await one.harm(cluster, member));
      tellProgress(`detection: ${one.title}, ${samples.length} of ${count} trials`);
      cluster.remove(member);
    }
  };
  await Promise.all(Array.from({ length: Math.min(one.width, count) }, (_, index) => lane(index + 1)));
  return samples;
}

async function join(cluster: TestCluster, { intervalMs, needsLink }: DetectionCase, nodeId: string, slot: number): Promise<Member> {
  const member = await cluster.join({ nodeId, intervalMs, linkSlot: needsLink ? slot : null });
  await pause(BEATS_BEFORE * intervalMs);
  return member;
}
