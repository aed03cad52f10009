/**
 * Holds the live view together: watcher in, subscribers and cache out.
 *
 * Starts from the saved view when there is one, so that requests are answered before a coordinator is.
 */
import { CoordinatorList, type CoordinatorSource } from '@muster/agent';
import type { Brake, ClusterStatus, Logger, MemberStatusView, WatchMessage } from '@muster/contracts';
import { Counter, Gauge, type Registry } from 'prom-client';
import { ClusterView } from './cluster-view.js';
import type { ViewCache } from './view-cache.js';
import { Watcher } from './watcher.js';

export interface ViewKeeperOptions {
  readonly coordinators: CoordinatorSource;
  readonly cache: ViewCache;
  readonly quorumDoubtMs: number;
  readonly watchSilenceMs: number;
  readonly cacheSaveMs: number;
  readonly metrics: Registry;
  readonly logger: Logger;
}

/** Told all members and all brakes at each change. */
export type ViewListener = (members: readonly MemberStatusView[], brakes: readonly Brake[]) => void;

export class ViewKeeper {
  private readonly view: ClusterView;
  private readonly coordinators: CoordinatorList;
  private readonly watcher: Watcher;
  private readonly listeners = new Set<ViewListener>();
  private readonly messageListeners = new Set<(message: WatchMessage) => void>();
  private savedAtMs = Number.NEGATIVE_INFINITY;
  private isSaving = false;
  private isCacheReported = false;
  private readonly messages: Counter<'kind'>;

  constructor(private readonly options: ViewKeeperOptions) {
    const { metrics, logger, coordinators, watchSilenceMs, quorumDoubtMs } = options;
    this.view = new ClusterView(quorumDoubtMs);
    const registers = [metrics];
    this.messages = new Counter({ name: 'gateway_watch_messages_total', help: 'Messages from coordinators, by kind; `unreadable` was left out', labelNames: ['kind'], registers });
    const streamsLost = new Counter({ name: 'gateway_watch_ended_total', help: 'Streams to coordinators that ended or could not be opened', registers });
    const current = () => this.view.statusAt(performance.now());
    new Gauge({ name: 'gateway_view_age_seconds', help: 'Time since the last word of a coordinator; -1 before the first', registers, collect() { this.set((current()?.ageMs ?? -1000) / 1000); } });
    new Gauge({ name: 'gateway_view_healthy_nodes', help: 'Members that are HEALTHY in the view of this gateway', registers, collect() { this.set(current()?.healthyNodes ?? 0); } });
    new Gauge({ name: 'gateway_view_has_quorum', help: '1 while the coordinators have a quorum, as far as this gateway knows', registers, collect() { this.set(current()?.hasQuorum === true ? 1 : 0); } });
    const changes = new Counter({ name: 'gateway_coordinator_changes_total', help: 'Times that another coordinator was followed than before, the first one included', registers });
    this.coordinators = new CoordinatorList({ source: coordinators, isShort: () => this.watcher.source === null, onChange: () => {}, logger });
    this.watcher = new Watcher({
      coordinators: () => this.coordinators.urls,
      shownIndex: () => this.view.index,
      silenceMs: watchSilenceMs,
      logger,
      onMessage: (message) => this.take(message),
      onChange: () => changes.inc(),
      onEnd: () => streamsLost.inc(),
      onUnreadable: () => this.messages.inc({ kind: 'unreadable' }),
    });
  }

  /** Begins to follow as soon as the coordinators are known; the saved view is used if it is there before one of them is. */
  async start(): Promise<void> {
    void this.coordinators.start().then(() => this.watcher.start());
    try {
      const saved = await this.options.cache.load();
      if (saved === null) return;
      // The difference of two wall clocks, and no age below zero if they disagree.
      const asOfMs = performance.now() - Math.max(0, Date.now() - saved.asOfUnixMs);
      if (this.view.restore({ ...saved.status, ageMs: 0 }, asOfMs)) {
        this.options.logger.info({ ageMs: Math.round(this.view.ageMs(performance.now())) }, 'started from the saved view');
        this.tell();
      }
    } catch (error) {
      this.reportCache(error);
    }
  }

  async close(): Promise<void> {
    this.coordinators.close();
    await this.watcher.close();
    await this.options.cache.close();
  }

  /** Called at each change, and once now. */
  subscribe(listener: ViewListener): void {
    this.listeners.add(listener);
    listener(this.view.all(), this.view.brakes);
  }

  /** Called with each message of a coordinator, after the view has taken it. */
  listen(listener: (message: WatchMessage) => void): void {
    this.messageListeners.add(listener);
  }

  status(): ClusterStatus | null {
    return this.view.statusAt(performance.now());
  }

  member(nodeId: string): MemberStatusView | null {
    return this.view.member(nodeId);
  }

  ageMs(): number {
    return this.view.ageMs(performance.now());
  }

  /** Base URLs of the coordinators, who is followed first. */
  coordinatorUrls(): readonly string[] {
    return this.watcher.ranked();
  }

  /** Ready with any view, however old: taking the gateway away would not make it younger. */
  readiness(): { ok: boolean; detail: string } {
    const ageMs = this.ageMs();
    if (!this.view.isKnown) return { ok: false, detail: `no view of the cluster yet: ${this.watcher.fault}` };
    if (this.watcher.source === null) return { ok: true, detail: `serving a view that is ${(ageMs / 1000).toFixed(1)} s old: ${this.watcher.fault}` };
    return { ok: true, detail: `following ${this.watcher.source}` };
  }

  private take(message: WatchMessage): void {
    this.messages.inc({ kind: message.kind });
    if (this.view.apply(message, performance.now())) this.tell();
    for (const listener of this.messageListeners) listener(message);
    void this.save();
  }

  private tell(): void {
    for (const listener of this.listeners) listener(this.view.all(), this.view.brakes);
  }

  /** At most one at a time and one per `cacheSaveMs`; what happens meanwhile is saved with the next message. */
  private async save(): Promise<void> {
    const nowMs = performance.now();
    if (this.isSaving || nowMs - this.savedAtMs < this.options.cacheSaveMs) return;
    const status = this.view.statusAt(nowMs);
    if (status === null) return;
    this.isSaving = true;
    this.savedAtMs = nowMs;
    try {
      await this.options.cache.save({ v: 1, asOfUnixMs: Math.round(Date.now() - status.ageMs), status });
      this.isCacheReported = false;
    } catch (error) {
      this.reportCache(error);
    } finally {
      this.isSaving = false;
    }
  }

  private reportCache(error: unknown): void {
    if (!this.isCacheReported) this.options.logger.warn({ err: error }, 'the view cannot be kept for the next start; going on without');
    this.isCacheReported = true;
  }
}
