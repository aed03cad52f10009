/** Asks every member for its health and metrics; runs where members can be reached. Reads [{nodeId, service, httpUrl}] from stdin. */
import { readFileSync } from 'node:fs';

const METRICS = {
  coordinator: ['cluster_heartbeats_received_total', 'cluster_failures_detected_total', 'cluster_healthy_nodes'],
  producer: ['cluster_heartbeats_sent_total'],
  consumer: ['cluster_heartbeats_sent_total'],
  gateway: ['cluster_heartbeats_sent_total'],
};
const ANSWER_MS_MAX = 5000;
const problems = [];
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
    console.log(`    ${nodeId.padEnd(28)} ${httpUrl}`);
  } catch (error) {
    problems.push(`${nodeId}: ${httpUrl} does not answer: ${error.cause?.message ?? error.message}`);
  }
}
for (const problem of problems) console.error(`    ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
