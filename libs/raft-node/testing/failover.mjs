/**
 * How long the writes of three processes stop when the leader is killed, hands over or stands still; how many commits a second they do.
 *   node testing/failover.mjs [--trials 20]
 */
import { parseArgs } from 'node:util';
import { Processes } from './processes.mjs';

const { values } = parseArgs({ options: { trials: { type: 'string', default: '20' } } });
const group = new Processes(['a', 'b', 'c']);
const percentile = (millis, share) => [...millis].sort((x, y) => x - y)[Math.min(millis.length - 1, Math.floor(millis.length * share))];
const show = (name, millis) => console.log(`${name}: n ${millis.length}, p50 ${percentile(millis, 0.5).toFixed(0)} ms, p99 ${percentile(millis, 0.99).toFixed(0)} ms, max ${Math.max(...millis).toFixed(0)} ms`);

await group.startAll();
try {
  await group.commit('first');
  const kills = [];
  const handovers = [];
  const stalls = [];
  for (let trial = 0; trial < Number(values.trials); trial++) {
    const killed = group.leader();
    await group.commit(`before ${trial}`);
    const fromMs = performance.now();
    await group.signal(killed, 'SIGKILL');
    await group.commit(`after ${trial}`);
    kills.push(performance.now() - fromMs);
    await group.start(killed);
    const { by } = await group.commit(`again ${trial}`);
    for (let behind = true; behind; ) behind = (await group.call(by, 'status')).peers.some(({ state, match }) => state !== 'replicate' || match === 0);
    const to = group.ids.find((id) => id !== by);
    const handedMs = performance.now();
    await group.call(by, 'transfer', to, 5000).catch((error) => console.error(error.message));
    await group.commit(`handed over ${trial}`);
    handovers.push(performance.now() - handedMs);
    const stopped = group.leader();
    const stoppedMs = performance.now();
    await group.signal(stopped, 'SIGSTOP');
    while (group.leader() === stopped) await new Promise((done) => setTimeout(done, 5));
    await group.commit(`without the one that stands still ${trial}`);
    stalls.push(performance.now() - stoppedMs);
    await group.signal(stopped, 'SIGCONT');
    await group.commit(`with it again ${trial}`);
  }
  show('kill -9 of the leader to the next committed write', kills);
  show('handover to the next committed write', handovers);
  show('SIGSTOP of the leader to the next committed write', stalls);
  for (const lanes of [1, 16, 256]) {
    const { perSecond, p50Ms, p99Ms } = await group.call(group.leader(), 'many', lanes * 40, lanes);
    console.log(`commits, ${lanes} at a time: ${perSecond.toFixed(0)} a second, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`);
  }
} finally {
  await group.stopAll();
}
