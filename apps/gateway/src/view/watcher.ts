/**
 * Follows one coordinator, and looks for a better one when it is gone, silent, or cut off from the others: one at a time is tried beside
 * it, with pauses after all have failed, and takes over only with its word.
 *
 * Which one is better is decided by `watch-choice`; what is followed is passed on in the order in which it was said.
 */
import type { Logger, WatchMessage } from '@muster/contracts';
import { backOffMs, type BackOffConfig } from './back-off.js';
import { Following } from './following.js';
import { isContent, isPreferred } from './watch-choice.js';

const BACK_OFF: BackOffConfig = { ms: 200, msMax: 5000 };
/** A stream that lasted this long was a good one. Milliseconds. */
const STEADY_MS = 1000;
/** How often time alone is looked at. Milliseconds. */
const LOOK_MS = 100;
/** How long one that is tried may take to say something, in the first round; twice as long in each further one. Milliseconds. */
const WORD_MS_MAX = 1000;
/** How long one that spoke and is not sound is waited for: until its next pulse. Milliseconds. */
const UNSOUND_MS_MAX = 1500;

export interface WatcherOptions {
  /** Base URLs as they are known now, each with a slash at its end. */
  readonly coordinators: () => readonly string[];
  readonly silenceMs: number;
  /** Log index of what is shown now; null while nothing is. */
  readonly shownIndex: () => number | null;
  readonly logger: Logger;
  readonly onMessage: (message: WatchMessage) => void;
  /** Another one is followed from here on. */
  readonly onChange: () => void;
  /** A stream ended, or could not be opened. */
  readonly onEnd: () => void;
  readonly onUnreadable: () => void;
}

export class Watcher {
  private followed: Following | null = null;
  private tried: Following | null = null;
  private readonly ending = new Set<Promise<void>>();
  private looking: NodeJS.Timeout | undefined;
  private nextTryMs = 0;
  private latestTried = '';
  private failedInARow = 0;
  private lastFault = 'not asked yet';
  private isUnreadableReported = false;
  private isClosed = false;

  constructor(private readonly options: WatcherOptions) {}

  start(): void {
    if (this.looking !== undefined || this.isClosed) return;
    this.looking = setInterval(() => this.look(), LOOK_MS);
    this.look();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.looking);
    for (const one of [this.followed, this.tried]) if (one !== null) this.stop(one);
    this.followed = null;
    this.tried = null;
    await Promise.all(this.ending);
  }

  /** The coordinator that is heard now; null while none is. */
  get source(): string | null {
    return this.followed === null ? null : nameOf(this.followed);
  }

  /** Why the last attempt ended, for whoever asks why there is no source. */
  get fault(): string {
    return this.lastFault;
  }

  /** Base URLs in the order in which they are worth asking: who is followed first. */
  ranked(): readonly string[] {
    const { followed } = this;
    const all = this.options.coordinators();
    return followed === null ? all : [followed.base, ...all.filter((base) => base !== followed.base)];
  }

  private look(): void {
    if (this.isClosed) return;
    const nowMs = performance.now();
    this.decide(nowMs);
    if (isContent(this.followed?.current(nowMs) ?? null)) return this.stopTrying();
    if (this.tried !== null && this.isHopeless(this.tried, nowMs)) this.failed(this.tried, 'it says nothing that is of use', nowMs);
    if (this.tried === null && nowMs >= this.nextTryMs) this.tryNext();
  }

  /** Leaves who is followed for who is tried, if that is better. */
  private decide(nowMs: number): void {
    const { tried, followed } = this;
    const shownIndex = this.options.shownIndex();
    const candidate = tried?.candidate(shownIndex, nowMs) ?? null;
    if (tried === null || candidate === null || !isPreferred(candidate, followed?.current(nowMs) ?? null, shownIndex)) return;
    const { logger, onMessage, onChange } = this.options;
    this.tried = null;
    this.followed = tried;
    if (followed !== null) this.stop(followed);
    const facts = { coordinator: nameOf(tried), before: followed === null ? null : nameOf(followed), index: candidate.index };
    if (shownIndex !== null && candidate.index < shownIndex) logger.warn({ ...facts, shownIndex }, 'the coordinators count from an earlier index: the cluster was made anew or restored, following it');
    else logger.info(facts, 'following the cluster');
    onChange();
    const status = tried.believe(nowMs);
    if (status !== null) onMessage({ kind: 'snapshot', status });
  }

  private tryNext(): void {
    const all = this.options.coordinators();
    if (all.length === 0) this.lastFault = 'no coordinator is known: the names in cluster.coordinators lead nowhere now';
    const from = all.indexOf(this.latestTried) + 1;
    const base = [...all.slice(from), ...all.slice(0, from)].find((one) => one !== this.followed?.base);
    if (base === undefined) return;
    this.latestTried = base;
    this.tried = new Following({
      base,
      silenceMs: this.options.silenceMs,
      onMessage: (from, message) => this.heard(from, message),
      onUnreadable: (from, reason) => this.noteUnreadable(from, reason),
      onEnd: (from, reason) => this.ended(from, reason),
    });
  }

  private heard(from: Following, message: WatchMessage): void {
    if (from === this.followed) {
      if (performance.now() - from.startedMs >= STEADY_MS && from.isSound) this.failedInARow = 0;
      this.options.onMessage(message);
    }
    this.look();
  }

  private ended(from: Following, reason: string): void {
    const nowMs = performance.now();
    this.options.onEnd();
    if (from === this.tried) this.failed(from, reason, nowMs);
    else if (from === this.followed) this.lost(from, reason, nowMs);
    this.look();
  }

  /** After a stream that worked another coordinator is tried at once: nothing says that it is in trouble too. */
  private lost(from: Following, fault: string, nowMs: number): void {
    this.followed = null;
    this.lastFault = `${nameOf(from)}: ${fault}`;
    this.options.logger.warn({ coordinator: nameOf(from), fault }, 'lost the coordinator: asking the next one');
    // One that talks and hangs up at once would otherwise be asked in a tight loop.
    if (nowMs - from.startedMs < STEADY_MS) return this.noteFailure(nowMs);
    this.failedInARow = 0;
    this.nextTryMs = nowMs;
  }

  private failed(from: Following, fault: string, nowMs: number): void {
    this.tried = null;
    this.lastFault = `${nameOf(from)}: ${fault}`;
    this.stop(from);
    this.noteFailure(nowMs);
  }

  private noteFailure(nowMs: number): void {
    this.failedInARow += 1;
    const isRoundOver = this.failedInARow % this.candidateCount === 0;
    this.nextTryMs = nowMs + (isRoundOver ? backOffMs(BACK_OFF, this.failedRounds - 1, Math.random()) : 0);
  }

  /** One that lags behind and is sound is given the time that `watch-choice` gives it. */
  private isHopeless(tried: Following, nowMs: number): boolean {
    if (tried.isSound) return false;
    const limitMs = tried.hasSpoken ? UNSOUND_MS_MAX : WORD_MS_MAX * 2 ** Math.min(this.failedRounds, 10);
    return nowMs - tried.startedMs > limitMs;
  }

  private get candidateCount(): number {
    const { followed } = this;
    return Math.max(1, this.options.coordinators().filter((base) => base !== followed?.base).length);
  }

  private get failedRounds(): number {
    return Math.floor(this.failedInARow / this.candidateCount);
  }

  private stopTrying(): void {
    if (this.tried !== null) this.stop(this.tried);
    this.tried = null;
  }

  private stop(one: Following): void {
    const ended = one.stop();
    this.ending.add(ended);
    void ended.then(() => this.ending.delete(ended));
  }

  private noteUnreadable(from: Following, reason: string): void {
    this.options.onUnreadable();
    if (this.isUnreadableReported) return;
    this.isUnreadableReported = true;
    this.options.logger.error({ coordinator: nameOf(from), reason }, 'the coordinator sends messages that this build cannot read: upgrade the gateway');
  }
}

const nameOf = ({ base }: Following): string => base.replace(/\/$/, '');
