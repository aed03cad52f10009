/** Which cases there are, what each promises, and how many of its trials may run beside each other without looking like a catastrophe. */
import { frozen, type Harm, killed, stoppedFor, stoppedForGood, vanished } from './cases.js';
import { QUAKES } from './quakes.js';

export interface DetectionCase {
  readonly key: string;
  readonly title: string;
  readonly harm: Harm;
  /** Between two beats of the members that are harmed. Milliseconds. */
  readonly intervalMs: number;
  /** True: it ends in DOWN. Otherwise it must never come to that. */
  readonly isFatal: boolean;
  /** True: needs a link that can be cut. */
  readonly needsLink: boolean;
  /** Trials at once. Count, well below `brake.fraction` of the members. */
  readonly width: number;
  /** The longest standstill without a wrong verdict DOWN at these settings, for people. */
  readonly pauseTolerated: string;
}

const BEAT_MS = 1000;
const FAST_BEAT_MS = 250;
const UNTIL_TIMEOUT = '15 s (failure.timeoutMs)';
/** Nobody can tell a host that stands still from one that is gone. */
const WHOLE_HOST = '15 s of a process; of a whole host the time to DOWN';

export const CASES: readonly DetectionCase[] = [
  { key: 'kill', title: 'kill -9, host up', harm: killed, intervalMs: BEAT_MS, isFatal: true, needsLink: false, width: 4, pauseTolerated: UNTIL_TIMEOUT },
  { key: 'stop-5', title: 'SIGSTOP for 5 s', harm: stoppedFor(5000), intervalMs: BEAT_MS, isFatal: false, needsLink: false, width: 4, pauseTolerated: UNTIL_TIMEOUT },
  { key: 'stop-10', title: 'SIGSTOP for 10 s', harm: stoppedFor(10_000), intervalMs: BEAT_MS, isFatal: false, needsLink: false, width: 4, pauseTolerated: UNTIL_TIMEOUT },
  { key: 'stop', title: 'SIGSTOP for good', harm: stoppedForGood, intervalMs: BEAT_MS, isFatal: true, needsLink: false, width: 4, pauseTolerated: UNTIL_TIMEOUT },
  { key: 'freeze', title: 'main loop frozen for 3 s', harm: frozen, intervalMs: BEAT_MS, isFatal: false, needsLink: false, width: 4, pauseTolerated: '60 s (hung.timeoutMs)' },
  { key: 'silence', title: 'host gone, 1 s beats', harm: vanished, intervalMs: BEAT_MS, isFatal: true, needsLink: true, width: 4, pauseTolerated: WHOLE_HOST },
  { key: 'silence-fast', title: 'host gone, 250 ms beats', harm: vanished, intervalMs: FAST_BEAT_MS, isFatal: true, needsLink: true, width: 4, pauseTolerated: WHOLE_HOST },
];

/** Other systems, where they are installed. */
export const PEERS = ['serf', 'etcd'] as const;

export const CASE_KEYS: readonly string[] = [...CASES, ...QUAKES].map(({ key }) => key).concat(...PEERS);
