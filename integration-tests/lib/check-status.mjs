/** Checks a `/cluster/status` document from stdin against requirement A5; names what is wrong. */
import { readFileSync } from 'node:fs';

const STATUSES = ['JOINING', 'HEALTHY', 'DEGRADED', 'SUSPECT', 'DOWN', 'LEAVING', 'LEFT'];
const d = JSON.parse(readFileSync(0, 'utf8'));
const problems = [];
const must = (holds, claim) => holds || problems.push(claim);

must(Number.isInteger(d.totalNodes), `totalNodes is ${d.totalNodes}, not a number`);
must(Number.isInteger(d.healthyNodes), `healthyNodes is ${d.healthyNodes}, not a number`);
must(typeof d.hasQuorum === 'boolean', `hasQuorum is ${d.hasQuorum}, not true or false`);
must(typeof d.membership === 'object' && d.membership !== null, 'membership is not an object');
for (const [key, m] of Object.entries(d.membership ?? {})) {
  must(m.nodeId === key, `${key}: nodeId is ${m.nodeId}`);
  must(STATUSES.includes(m.status), `${key}: status is ${m.status}`);
  must(typeof m.healthScore === 'number' && m.healthScore >= 0 && m.healthScore <= 100, `${key}: healthScore is ${m.healthScore}, not within 0 and 100`);
  must(typeof m.phiScore === 'number' && m.phiScore >= 0, `${key}: phiScore is ${m.phiScore}`);
  must(/^\d{4}-\d\d-\d\dT.*Z$/.test(m.lastHeartbeatTime) && !Number.isNaN(Date.parse(m.lastHeartbeatTime)), `${key}: lastHeartbeatTime is ${m.lastHeartbeatTime}, not ISO 8601`);
}
for (const problem of problems) console.error(`    ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
