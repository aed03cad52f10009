/** Bodies of the coordinator's HTTP lane, which agents use beside the bus. */
import { z } from 'zod';
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

/** Every error body on every service: what happened, with which value, and what to do. */
export const errorBodySchema = z.object({
  statusCode: z.int(),
  /** Stable code in upper snake case, listed in docs/errors.md. */
  code: z.string(),
  message: z.string(),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
