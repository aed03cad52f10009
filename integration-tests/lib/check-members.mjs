/**
 * Asks every member for its health and metrics, and coordinators whether they are of one group; runs where members can be reached.
 * Reads [{nodeId, service, httpUrl}] from stdin.
 */
import { readFileSync } from 'node:fs';

const METRICS = {
  coordinator: ['cluster_heartbeats_received_total', 'cluster_failures_detected_total', 'cluster_healthy_nodes', 'coordinator_is_leader', 'raft_term'],
  producer: ['cluster_heartbeats_sent_total'],
  consumer: ['cluster_heartbeats_sent_total'],
  gateway: ['cluster_heartbeats_sent_total'],
};
const ANSWER_MS_MAX = 5000;
const problems = [];
const groups = [];
const get = (url) => fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });

for (const { nodeId, service, httpUrl } of JSON.parse(readFileSync(0, 'utf8'))) {
  try {
    const live = await get(`${httpUrl}/health/live`);
    const body = await live.json();
    if (live.status !== 200 || body.status !== 'ok') problems.push(`${nodeId}: /health/live answers ${live.status} ${JSON.stringify(body)}`);
    if (body.nodeId !== nodeId) problems.push(`${nodeId}: at its address answers ${body.nodeId}`);
    const ready = await get(`${httpUrl}/health/ready`);
    if (ready.status !== 200) problems.push(`${nodeId}: /health/ready answers ${ready.status} ${await ready.text()}`);
    const wanted = METRICS[service] ?? [];
    const metrics = wanted.length === 0 ? '' : await (await get(`${httpUrl}/metrics`)).text();
    for (const name of wanted) if (!new RegExp(`^${name}(\\{| )`, 'm').test(metrics)) problems.push(`${nodeId}: /metrics lacks ${name}`);
    if (service === 'coordinator') groups.push(await (await get(`${httpUrl}/raft/status`)).json());
    console.log(`    ${nodeId.padEnd(28)} ${httpUrl}`);
  } catch (error) {
    problems.push(`${nodeId}: ${httpUrl} does not answer: ${error.cause?.message ?? error.message}`);
  }
}
const different = (what) => new Set(groups.map((group) => group[what])).size > 1;
for (const what of ['clusterId', 'leaderId']) if (different(what)) problems.push(`coordinators disagree on ${what}: ${groups.map((group) => `${group.nodeId} says ${group[what]}`).join(', ')}`);
for (const { nodeId, hasQuorum, peers } of groups) {
  if (!hasQuorum) problems.push(`${nodeId} has no quorum`);
  const unknown = peers.filter(({ voter }) => voter).map((peer) => peer.nodeId).filter((voter) => !groups.some((group) => group.nodeId === voter));
  if (unknown.length > 0) problems.push(`${nodeId} counts on ${unknown.join(', ')}, which nobody here is`);
}
for (const problem of problems) console.error(`    ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
