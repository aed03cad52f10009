/**
 * The probe port: whoever connects is told who is there, on one line of JSON, and the connection is closed.
 *
 * It is served beside the main loop, so that a frozen application is told apart from one that is gone.
 */
import { z } from 'zod';
import { type Decoded, decodeJson, type Format } from './decoded.js';
import { incarnationSchema, nodeIdSchema } from './identity.js';

export const probeAnswerSchema = z.object({
  v: z.literal(1),
  nodeId: nodeIdSchema,
  incarnation: incarnationSchema,
  /** How long the main loop has not moved. Milliseconds, >= 0. */
  mainLagMs: z.number().min(0),
});
export type ProbeAnswer = z.infer<typeof probeAnswerSchema>;

export const PROBE_ANSWER_FORMAT: Format<ProbeAnswer> = { name: 'probe answer', version: 1, schema: probeAnswerSchema, bytesMax: 1024 };
export const decodeProbeAnswer = (json: unknown): Decoded<ProbeAnswer> => decodeJson(PROBE_ANSWER_FORMAT, json);

/**
 * What a probe found. `answered`: the very process. `accepted`: the kernel took the connection and nobody answered: it exists and does not
 * run. `refused`: nobody listens there, or somebody else answers: that process is gone. `silent`: nothing came back, which proves nothing alone.
 */
export const PROBE_RESULTS = ['answered', 'accepted', 'refused', 'silent'] as const;
export const probeResultSchema = z.enum(PROBE_RESULTS);
export type ProbeResult = z.infer<typeof probeResultSchema>;
