/**
 * One coordinator as it describes the cluster: its stream, and what it said, from the first word on.
 *
 * Keeps a view of its own until somebody decides to believe it, so that what it has told by then is not lost.
 */
import type { ClusterStatus, WatchMessage } from '@muster/contracts';
import { ClusterView } from './cluster-view.js';
import type { Candidate, Current } from './watch-choice.js';
import { readWatchStream } from './watch-stream.js';

export interface FollowingOptions {
  /** Base URL, with a slash at its end. */
  readonly base: string;
  readonly silenceMs: number;
  readonly onMessage: (from: Following, message: WatchMessage) => void;
  readonly onUnreadable: (from: Following, reason: string) => void;
  /** It ended by itself. */
  readonly onEnd: (from: Following, reason: string) => void;
}

/** Coordinators pulse once a second: after this one is late, though perhaps not gone. Milliseconds. */
const LATE_MS = 1300;

export class Following {
  readonly base: string;
  readonly startedMs = performance.now();
  private readonly stopping = new AbortController();
  /** What it said until it is believed; null from then on, because whoever believes it keeps a view of his own. */
  private view: ClusterView | null = new ClusterView(Number.POSITIVE_INFINITY);
  private wordMs = this.startedMs;
  private behindSinceMs: number | null = null;
  private latest: Pick<ClusterStatus, 'index' | 'hasQuorum' | 'leaderId'> | null = null;
  private readonly ended: Promise<void>;

  constructor(private readonly options: FollowingOptions) {
    const { base, silenceMs, onEnd, onUnreadable } = options;
    this.base = base;
    this.ended = readWatchStream({
      url: new URL('cluster/watch', base),
      silenceMs,
      signal: this.stopping.signal,
      onMessage: (message) => this.take(message),
      onUnreadable: (reason) => onUnreadable(this, reason),
    }).then((reason) => {
      if (!this.stopping.signal.aborted) onEnd(this, reason);
    });
  }

  get hasSpoken(): boolean {
    return this.latest !== null;
  }

  get isSound(): boolean {
    return this.latest !== null && this.latest.hasQuorum && this.latest.leaderId !== null;
  }

  current(nowMs: number): Current {
    return { index: this.latest?.index ?? 0, isSound: this.isSound, isSilent: nowMs - this.wordMs > Math.min(LATE_MS, this.options.silenceMs) };
  }

  /** Null before its first word. */
  candidate(shownIndex: number | null, nowMs: number): Candidate | null {
    if (this.latest === null) return null;
    const isBehind = this.isSound && shownIndex !== null && this.latest.index < shownIndex;
    this.behindSinceMs = isBehind ? (this.behindSinceMs ?? nowMs) : null;
    return { index: this.latest.index, isSound: this.isSound, behindForMs: this.behindSinceMs === null ? 0 : nowMs - this.behindSinceMs };
  }

  /** All that it said so far; from here on it is told message by message. */
  believe(nowMs: number): ClusterStatus | null {
    const status = this.view?.statusAt(nowMs) ?? null;
    this.view = null;
    return status;
  }

  /** Resolves when nothing more comes. */
  stop(): Promise<void> {
    this.stopping.abort();
    return this.ended;
  }

  private take(message: WatchMessage): void {
    if (this.stopping.signal.aborted) return;
    this.wordMs = performance.now();
    this.view?.apply(message, this.wordMs);
    switch (message.kind) {
      case 'snapshot':
        this.latest = message.status;
        break;
      case 'pulse':
        this.latest = message;
        break;
      case 'member':
      case 'brakes':
      case 'removed':
        if (this.latest !== null) this.latest = { ...this.latest, index: message.index };
    }
    this.options.onMessage(this, message);
  }
}
