/** What `GET /cluster/status` answers on coordinator and gateway, and what `GET /cluster/watch` streams. */
import { z } from 'zod';
import { vitalsSchema } from './beat.js';
import { BRAKE_STEPS, brakeSchema } from './brake.js';
import { memberRecordSchema, memberStatusSchema } from './member.js';
import { consistencySchema } from './raft.js';

/** One named share of the health score. */
export const scoreTermSchema = z.object({
  name: z.string(),
  /** How good this dimension is. 0..1. */
  value: z.number().min(0).max(1),
  /** Its share in the score. 0..1. */
  weight: z.number().min(0).max(1),
});
export type ScoreTerm = z.infer<typeof scoreTermSchema>;

export const memberStatusViewSchema = memberRecordSchema.omit({ v: true }).extend({
  status: memberStatusSchema,
  /** 0..100, higher is better; 0 when DOWN or LEFT. */
  healthScore: z.number().min(0).max(100),
  healthTerms: z.array(scoreTermSchema),
  /** Suspicion from silence. 0..300; for display, decisions use deadlines. */
  phiScore: z.number().min(0).max(300),
  /** ISO 8601; the coordinator's wall clock when the last beat arrived. */
  lastHeartbeatTime: z.iso.datetime(),
  vitals: vitalsSchema.nullable(),
});
export type MemberStatusView = z.infer<typeof memberStatusViewSchema>;

export const clusterStatusSchema = z.object({
  cluster: z.string(),
  totalNodes: z.int().min(0),
  healthyNodes: z.int().min(0),
  hasQuorum: z.boolean(),
  leaderId: z.string().nullable(),
  /** Log index and term that this answer stands for. */
  index: z.int().min(0),
  term: z.int().min(0),
  /** How old the answer is: at a coordinator the time since it was last in touch with the group, at a gateway with a coordinator. Milliseconds. */
  ageMs: z.number().min(0),
  /** How sure the answer is, as it was asked for. */
  consistency: consistencySchema.optional(),
  /** The coordinator that gave it. */
  servedBy: z.string().optional(),
  /** Brakes on verdicts that hold now. */
  brakes: z.array(brakeSchema).default([]),
  membership: z.record(z.string(), memberStatusViewSchema),
});
export type ClusterStatus = z.infer<typeof clusterStatusSchema>;

/** A beat-to-beat reading of one member, for the stream. */
export const pulseSchema = memberStatusViewSchema.pick({ nodeId: true, incarnation: true, healthScore: true, healthTerms: true, phiScore: true, lastHeartbeatTime: true, vitals: true });
export type Pulse = z.infer<typeof pulseSchema>;

/**
 * Server-sent events of `GET /cluster/watch`; the SSE `event:` name is `kind`, `id:` the log index.
 * First a `snapshot`, then a `member` per change (several may share an index: they were agreed together, and only the last has the id),
 * `brakes` when one engages, grows or lets go, a `removed` per reaped member, and a `pulse` every second and when quorum or leader change.
 */
export const watchMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('snapshot'), status: clusterStatusSchema }),
  /** `update` says in words what changed beside the status, when that is why it is told. */
  z.object({ kind: z.literal('member'), index: z.int(), term: z.int(), from: memberStatusSchema.nullable(), member: memberStatusViewSchema, update: z.string().max(512).optional() }),
  /** All brakes that hold now, and what happened to which of them (zone null: that of the cluster), where that is why it is told. */
  z.object({ kind: z.literal('brakes'), index: z.int(), term: z.int(), brakes: z.array(brakeSchema), news: z.object({ step: z.enum(BRAKE_STEPS), zone: z.string().nullable(), reason: z.string() }).optional() }),
  z.object({ kind: z.literal('removed'), index: z.int(), term: z.int(), nodeId: z.string() }),
  /** `ageMs` as in the status. */
  z.object({ kind: z.literal('pulse'), hasQuorum: z.boolean(), leaderId: z.string().nullable(), index: z.int(), term: z.int(), ageMs: z.number().min(0).optional(), pulses: z.array(pulseSchema) }),
]);
export type WatchMessage = z.infer<typeof watchMessageSchema>;
