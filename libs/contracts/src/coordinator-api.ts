/** Bodies of the coordinator's HTTP API: what agents use beside the bus, and what operators tell it about members. */
import { z } from 'zod';
import { memberStatusViewSchema } from './cluster-status.js';
import { incarnationSchema, nodeIdSchema } from './identity.js';

/** `POST /cluster/beats` takes a JSON array of beats (1..1000); this answers it, one result per beat, in order. */
export const beatResultSchema = z.object({
  nodeId: z.string().nullable(),
  outcome: z.enum(['accepted', 'stale', 'rejected']),
  /** The incarnation the coordinator holds for the node, if any; a node behind it takes this plus one. */
  knownIncarnation: incarnationSchema.nullable(),
  reason: z.string().optional(),
});
export type BeatResult = z.infer<typeof beatResultSchema>;
export const beatsResponseSchema = z.object({ results: z.array(beatResultSchema) });
export type BeatsResponse = z.infer<typeof beatsResponseSchema>;

/** `GET /cluster/incarnations/:nodeId` : what an agent asks before its first beat. */
export const knownIncarnationSchema = z.object({ nodeId: nodeIdSchema, knownIncarnation: incarnationSchema.nullable() });
export type KnownIncarnation = z.infer<typeof knownIncarnationSchema>;

/** What an operator can do to a member: `POST /cluster/members/:nodeId/<order>`. */
export const OPERATOR_ORDERS = ['cordon', 'uncordon', 'drain', 'evict'] as const;
export type OperatorOrder = (typeof OPERATOR_ORDERS)[number];

/** The body of an order. Both are kept with the change and shown to whoever asks why. */
export const operatorRequestSchema = z.strictObject({
  reason: z.string().max(256).default(''),
  /** Who gives the order: a name, a script, a ticket. */
  by: z.string().max(128).default(''),
});
export type OperatorRequest = z.input<typeof operatorRequestSchema>;

export const operatorResultSchema = z.object({
  /** False when the member was like that already. */
  changed: z.boolean(),
  /** Log index and term of the change; of the latest one when nothing had to change. */
  index: z.int().min(0),
  term: z.int().min(0),
  /** The member as it is now. */
  member: memberStatusViewSchema,
});
export type OperatorResult = z.infer<typeof operatorResultSchema>;

/** Every error body on every service: what happened, with which value, and what to do. */
export const errorBodySchema = z.object({
  statusCode: z.int(),
  /** Stable code in upper snake case, listed in docs/errors.md. */
  code: z.string(),
  message: z.string(),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
