/** What the coordinator counts and shows to Prometheus. State is read when it is scraped, so it is never old. */
import { isLive, MEMBER_STATUSES } from '@muster/contracts';
import { type Lane, type Note, WITHHELD_CAUSES } from '@muster/evidence';
import { type Change, FAILURE_CLASSES } from '@muster/membership';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Cluster } from './cluster.js';
import type { CutReason } from './lane/lane.js';
import { observeRaft, type RaftSource } from './raft-metrics.js';

export interface MetricsSources {
  readonly raft: RaftSource;
  readonly cluster: Cluster;
  /** Score and suspicion of a node, for people. */
  readonly pulse: (nodeId: string) => { readonly healthScore: number; readonly phiScore: number } | null;
  readonly doubtReason: () => string;
  readonly watchers: () => number;
  readonly lanes: () => number;
  /** Age of our own beat, by partition of the heartbeats topic. Milliseconds. */
  readonly canaryAgesMs: () => readonly number[];
}

export class CoordinatorMetrics {
  private readonly received: Counter<'lane'>;
  private readonly refused: Counter<'lane' | 'reason'>;
  private readonly failures: Counter<'class'>;
  private readonly detectionSeconds: Histogram<'class'>;
  private readonly suspicions: Counter<'class'>;
  private readonly withheld: Counter<'reason'>;
  private readonly probes: Counter<'by' | 'result'>;
  private readonly unobservedSeconds: Counter<'what'>;
  private readonly rejected: Counter<'command'>;
  private readonly laneMessages: Counter<'kind' | 'direction'>;
  private readonly lanesRefused: Counter<'code'>;
  private readonly lanesCut: Counter<'reason'>;
  private readonly published: Counter;
  private readonly publishFailures: Counter;

  constructor(private readonly registry: Registry) {
    const registers = [registry];
    this.received = new Counter({ name: 'cluster_heartbeats_received_total', help: 'Beats that were read and understood, by lane.', labelNames: ['lane'], registers });
    this.refused = new Counter({ name: 'cluster_heartbeats_rejected_total', help: 'Beats that were not taken, by lane and reason.', labelNames: ['lane', 'reason'], registers });
    this.failures = new Counter({ name: 'cluster_failures_detected_total', help: 'Members found to have failed, by class of evidence.', labelNames: ['class'], registers });
    this.detectionSeconds = new Histogram({ name: 'cluster_detection_seconds', help: 'Time from the last sign of life of a member to its DOWN being committed.', labelNames: ['class'], buckets: [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 12.5, 15, 20, 30], registers });
    this.suspicions = new Counter({ name: 'cluster_suspicions_total', help: 'Members that became SUSPECT, by class of evidence.', labelNames: ['class'], registers });
    this.withheld = new Counter({ name: 'cluster_verdicts_withheld_total', help: 'Verdicts that evidence asked for and that were not given, by reason.', labelNames: ['reason'], registers });
    this.probes = new Counter({ name: 'coordinator_probes_total', help: 'Probes of members in doubt: who looked, this coordinator or a member that it asked, and what was found.', labelNames: ['by', 'result'], registers });
    this.unobservedSeconds = new Counter({ name: 'coordinator_unobserved_seconds_total', help: 'Time that did not count as silence: this coordinator did not run, or nothing came through a partition (each counts by itself).', labelNames: ['what'], registers });
    this.rejected = new Counter({ name: 'coordinator_proposals_rejected_total', help: 'Proposals that were refused when they were applied, because something newer was known.', labelNames: ['command'], registers });
    this.laneMessages = new Counter({ name: 'coordinator_lane_messages_total', help: 'Messages on direct lanes, by kind and direction.', labelNames: ['kind', 'direction'], registers });
    this.lanesRefused = new Counter({ name: 'coordinator_lanes_refused_total', help: 'Direct lanes that were not opened, by the code of the answer.', labelNames: ['code'], registers });
    this.lanesCut = new Counter({ name: 'coordinator_lanes_cut_total', help: 'Direct lanes that this coordinator ended, by reason.', labelNames: ['reason'], registers });
    this.published = new Counter({ name: 'coordinator_changes_published_total', help: 'Changes of membership that the bus acknowledged.', registers });
    this.publishFailures = new Counter({ name: 'coordinator_publish_failures_total', help: 'Attempts to publish changes that failed; they are repeated.', registers });
    for (const lane of ['bus', 'http', 'direct']) this.received.inc({ lane }, 0);
    for (const failure of [...FAILURE_CLASSES, 'replaced']) this.failures.inc({ class: failure }, 0);
    for (const reason of WITHHELD_CAUSES) this.withheld.inc({ reason }, 0);
  }

  /** Gauges need what is made after the counters. */
  observe(sources: MetricsSources): void {
    const { cluster } = sources;
    observeRaft(this.registry, sources.raft);
    this.read('coordinator_judging', '1 while verdicts are given, 0 while this coordinator doubts itself.', () => (sources.doubtReason() === '' ? 1 : 0));
    this.read('coordinator_watchers', 'Open event streams.', sources.watchers);
    this.read('coordinator_outbox_changes', 'Changes that are not on the bus yet.', () => cluster.membership.outboxLength);
    this.read('coordinator_outbox_dropped_changes', 'Changes that never reached the bus, because it was away for too long.', () => cluster.membership.outboxDropped);
    this.read('coordinator_lanes_open', 'Members that have a direct lane to this coordinator.', sources.lanes);
    this.read('cluster_damped_nodes', 'Members that failed so often of late that they get no traffic for a while.', () => [...cluster.membership.all()].filter(({ record }) => isLive(record.status) && record.marks.includes('damped')).length);
    this.members(sources);
    this.brakes(cluster);
    this.canary(sources.canaryAgesMs);
  }

  beatsReceived(lane: Exclude<Lane, 'local'>, count: number): void {
    this.received.inc({ lane }, count);
  }

  beatRefused(lane: Exclude<Lane, 'local'>, reason: string): void {
    this.refused.inc({ lane, reason });
  }

  /** What the observer had to say. */
  noted(note: Note): void {
    switch (note.kind) {
      case 'verdict':
        if (note.status === 'SUSPECT') return this.suspicions.inc({ class: note.class });
        this.failures.inc({ class: note.class });
        return this.detectionSeconds.observe({ class: note.class }, (note.silenceMs + note.commitMs) / 1000);
      case 'replaced':
        // The old process is gone, known from the new one.
        return this.failures.inc({ class: 'replaced' });
      case 'withheld':
        return this.withheld.inc({ reason: note.cause });
      case 'unobserved':
        return this.unobservedSeconds.inc({ what: note.partition === null ? 'loop' : 'partition' }, note.unobservedMs / 1000);
      case 'probed':
        return this.probes.inc({ by: note.isOwn ? 'coordinator' : 'member', result: note.result ?? 'no-opinion' });
      case 'rejected':
        return this.rejected.inc({ command: note.command });
    }
  }

  /** What no observer proposes: an operator took a member out. */
  changed(changes: readonly Change[]): void {
    for (const change of changes) if (change.kind === 'transition' && change.failure === 'evicted') this.failures.inc({ class: 'evicted' });
  }

  laneMessage(kind: string, direction: 'received' | 'sent'): void {
    this.laneMessages.inc({ kind, direction });
  }

  laneRefused(code: string): void {
    this.lanesRefused.inc({ code });
  }

  /** We ended a lane ourselves. */
  laneCut(reason: CutReason): void {
    this.lanesCut.inc({ reason });
  }

  changesPublished(count: number): void {
    this.published.inc(count);
  }

  publishFailed(): void {
    this.publishFailures.inc();
  }

  private members({ cluster, pulse }: MetricsSources): void {
    const all = () => [...cluster.membership.all()].map((member) => member.record);
    this.read('cluster_healthy_nodes', 'Members that are HEALTHY.', () => all().filter((record) => record.status === 'HEALTHY').length);
    this.read('cluster_total_nodes', 'Members in the live set.', () => all().filter((record) => isLive(record.status)).length);
    const byStatus = new Gauge({
      name: 'cluster_members',
      help: 'Known members by status.',
      labelNames: ['status'],
      registers: [this.registry],
      collect: () => {
        for (const status of MEMBER_STATUSES) byStatus.set({ status }, 0);
        for (const { status } of all()) byStatus.inc({ status });
      },
    });
    const labelNames = ['member', 'member_service', 'zone'] as const;
    const score = new Gauge({
      name: 'cluster_member_health_score',
      help: 'Health score of a live member, 0 to 100.',
      labelNames,
      registers: [this.registry],
      collect: () => {
        score.reset();
        for (const { nodeId, service, zone, status } of all()) if (isLive(status)) score.set({ member: nodeId, member_service: service, zone }, pulse(nodeId)?.healthScore ?? 0);
      },
    });
    const phi = new Gauge({
      name: 'cluster_member_phi',
      help: 'Suspicion of a live member from silence, 0 to 300.',
      labelNames,
      registers: [this.registry],
      collect: () => {
        phi.reset();
        for (const { nodeId, service, zone, status } of all()) if (isLive(status)) phi.set({ member: nodeId, member_service: service, zone }, pulse(nodeId)?.phiScore ?? 0);
      },
    });
  }

  private brakes(cluster: Cluster): void {
    const active = new Gauge({
      name: 'cluster_brake_active',
      help: '1 while a brake holds up verdicts by silence, by what it covers: `cluster`, or `zone:` and its name.',
      labelNames: ['scope'],
      registers: [this.registry],
      collect: () => {
        active.reset();
        active.set({ scope: 'cluster' }, 0);
        for (const { zone } of cluster.membership.brakes()) active.set({ scope: zone === null ? 'cluster' : `zone:${zone}` }, 1);
      },
    });
  }

  private canary(agesMs: () => readonly number[]): void {
    const age = new Gauge({
      name: 'coordinator_canary_age_seconds',
      help: 'Time since our own beat came back through a partition of the heartbeats topic.',
      labelNames: ['partition'],
      registers: [this.registry],
      collect: () => agesMs().forEach((ageMs, partition) => age.set({ partition }, ageMs / 1000)),
    });
  }

  private read(name: string, help: string, value: () => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: () => {
        gauge.set(value());
      },
    });
  }
}
