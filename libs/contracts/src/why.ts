/** What `GET /cluster/members/:id/why` answers: the evidence behind a member's state and behind the last verdict about it. */
import { z } from 'zod';
import { incarnationSchema, nodeIdSchema } from './identity.js';
import { memberMarkSchema, memberStatusSchema } from './member.js';
import { probeResultSchema } from './probe.js';

/** What kind of evidence there is; see `docs/detection.md`. */
export const EVIDENCE_CLASSES = ['alive', 'late', 'left', 'replaced', 'crashed', 'stalled', 'hung', 'unreachable', 'overloaded', 'evicted'] as const;
export const evidenceClassSchema = z.enum(EVIDENCE_CLASSES);
export type EvidenceClass = z.infer<typeof evidenceClassSchema>;

export const probeSeenSchema = z.object({
  /** Node id of who looked. */
  by: nodeIdSchema,
  result: probeResultSchema,
  /** How long ago, from when it is told. Milliseconds. */
  ageMs: z.number().min(0),
  mainLagMs: z.number().min(0),
});

/** Suspicion over a silence, as the window of gaps says it. */
export const phiPointSchema = z.object({ silenceMs: z.number().min(0), phi: z.number().min(0).max(300) });

export const evidenceSchema = z.object({
  class: evidenceClassSchema,
  /** Observed time since the last sign of life. Milliseconds. */
  silenceMs: z.number().min(0),
  phi: z.number().min(0).max(300),
  /** Silence at which the member is suspected, and at which it is given up whatever probes say. Milliseconds. */
  suspectAfterMs: z.number().min(0),
  givenUpAfterMs: z.number().min(0),
  /** Mean and deviation of the gaps between its beats. Milliseconds. */
  gapMeanMs: z.number().min(0),
  gapDeviationMs: z.number().min(0),
  mainLagMs: z.number().min(0),
  /** The direct lane to this coordinator. */
  lane: z.enum(['open', 'closed', 'none']),
  /** Newest first, at most 16. */
  probes: z.array(probeSeenSchema).max(16),
  phiTrace: z.array(phiPointSchema).max(32),
});
export type Evidence = z.infer<typeof evidenceSchema>;

export const whySchema = z.object({
  nodeId: nodeIdSchema,
  incarnation: incarnationSchema,
  status: memberStatusSchema,
  reason: z.string(),
  changedAtUnixMs: z.int().min(0),
  index: z.int().min(0),
  term: z.int().min(0),
  marks: z.array(memberMarkSchema),
  /** What is seen now; null for a member that this coordinator did not see. */
  now: evidenceSchema.nullable(),
  /** Why a verdict that the evidence asks for is not given: our own doubt, the brake, damping; empty when none is withheld. */
  withheld: z.string(),
  /** Whether this coordinator may judge the member: what it doubts about itself, empty when nothing. */
  doubt: z.string(),
  /** Partition of the heartbeats topic that carries its beats, and how long ago our own beat came through it; null when unknown. */
  canary: z.object({ partition: z.int().min(0), ageMs: z.number().min(0) }).nullable(),
  damping: z.object({ penalty: z.number().min(0), suppressAt: z.number(), reuseBelow: z.number(), untilUnixMs: z.int().nullable() }),
  brake: z.string(),
  /** Who set each mark and why, as far back as changes are kept. Missing where only evidence is told, without what was agreed. */
  marked: z.array(z.object({ mark: memberMarkSchema, reason: z.string(), atUnixMs: z.int().min(0) })).optional(),
  /** Of one that is JOINING: the beats in a row that it must show, and from when on at the earliest it is believed. Missing or null for all others. */
  admission: z.object({ beats: z.int().min(0), notBeforeUnixMs: z.int().min(0) }).nullable().optional(),
  /** The last SUSPECT or DOWN that this coordinator proposed about it, with what it knew then; null when there is none. */
  lastVerdict: z
    .object({ status: memberStatusSchema, index: z.int(), atUnixMs: z.int(), reason: z.string(), observers: z.array(nodeIdSchema), evidence: evidenceSchema })
    .nullable(),
});
export type Why = z.infer<typeof whySchema>;
