/**
 * One probe from one process to another: as much of TCP as decides what it finds. The kernel of the target accepts or refuses, the
 * process behind it answers or does not; what is lost is not sent again in time.
 */
import type { ProbeResult } from '@muster/contracts';
import type { SimulatedNetwork } from './simulated-network.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { VirtualClock } from './virtual-clock.js';

/** What can be probed. */
export interface Target {
  readonly nodeId: string;
  readonly isHostUp: boolean;
  readonly incarnation: number;
  readonly process: SimulatedProcess;
  /** How long its main loop has not moved. Milliseconds. */
  readonly mainLagMs: number;
}

export interface Asker {
  readonly nodeId: string;
  readonly process: SimulatedProcess;
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
}

export interface Finding {
  readonly result: ProbeResult;
  readonly mainLagMs: number;
  /** How late the asker learnt that its time was up. Milliseconds; 0 when it did not come to that. */
  readonly lateMs: number;
}

export function probe(asker: Asker, target: Target, incarnation: number, timeLimitMs: number, done: (finding: Finding) => void): void {
  const { clock, network, process } = asker;
  const startedAtMs = clock.nowMs();
  let isAccepted = false;
  let isDone = false;
  const finish = (result: ProbeResult, mainLagMs = 0, lateMs = 0): void => {
    if (isDone) return;
    isDone = true;
    timeout.cancel();
    done({ result, mainLagMs, lateMs });
  };
  const back = (take: () => void): void => network.send(target.nodeId, asker.nodeId, take);
  // An answer that lies unread counts: it is taken before the time is up.
  const timeout = process.wakeAfter(timeLimitMs, () => process.immediately(() => finish(isAccepted ? 'accepted' : 'silent', 0, clock.nowMs() - startedAtMs - timeLimitMs)));
  network.send(asker.nodeId, target.nodeId, () => {
    if (!target.isHostUp) return;
    if (target.process.presence === 'gone') return back(() => process.receive(() => finish('refused')));
    back(() => {
      isAccepted = true;
    });
    target.process.receive(() => {
      const { mainLagMs } = target;
      const isIt = target.incarnation === incarnation;
      back(() => process.receive(() => finish(isIt ? 'answered' : 'refused', isIt ? mainLagMs : 0)));
    });
  });
}
