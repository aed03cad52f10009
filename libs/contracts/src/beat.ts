/**
 * A beat: what a member says of itself once per interval, over Kafka or HTTP.
 *
 * Carries identity, sequence and the sender's monotonic clock, so that gaps are measured where they arise;
 * liveness is judged by the receiver's own clock.
 */
import { z } from 'zod';
import { readBeat } from './beat-reader.js';
import { decode, type Decoded, decodeJson, encode, type Format } from './decoded.js';
import { incarnationSchema, nodeIdSchema, probeUrlSchema, resourcesSchema, serviceSchema, tagsSchema, urlSchema, zoneSchema } from './identity.js';

const ratio = z.number().min(0).max(1);

export const checkResultSchema = z.object({
  name: z.string().min(1).max(64),
  ok: z.boolean(),
  /** Why it is not ok, or a word on how it is. At most 256 characters. */
  detail: z.string().max(256).optional(),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

export const vitalsSchema = z.object({
  /** Share of its own CPU limit that the process used since the last beat. 0..1. */
  cpuProcess: ratio,
  /** Share of all cores of the host that were busy since the last beat. 0..1. */
  cpuHost: ratio,
  /** Memory in use against its limit (cgroup or host). 0..1. */
  memory: ratio,
  /** 99th percentile of event-loop delay since the last beat. Milliseconds, >= 0. */
  eventLoopDelayMs: z.number().min(0),
  /** Share of operations that failed since the last beat. 0..1; 0 when there were none. */
  errorRate: ratio,
  /** Checks that the application registered. At most 32. */
  checks: z.array(checkResultSchema).max(32),
});
export type Vitals = z.infer<typeof vitalsSchema>;

export const beatSchema = z.object({
  v: z.literal(1),
  nodeId: nodeIdSchema,
  incarnation: incarnationSchema,
  /** Counts the beats of this incarnation from 1. */
  seq: z.int().min(1),
  /** Sender's monotonic clock when the beat was made. Milliseconds since its boot, >= 0. */
  sentMonoMs: z.number().min(0),
  /** Sender's wall clock when the beat was made, for display only. Milliseconds since 1970. */
  sentUnixMs: z.int().min(0),
  /** Interval at which the sender means to beat. Milliseconds, 10..60000. */
  intervalMs: z.int().min(10).max(60_000),
  /** `leaving` announces a leave, `left` is the last word of an incarnation. */
  state: z.enum(['running', 'leaving', 'left']),
  service: serviceSchema,
  zone: zoneSchema,
  tags: tagsSchema,
  resources: resourcesSchema,
  /** Where the member answers HTTP, `/health/live` included; null when it serves none. */
  httpUrl: urlSchema.nullable(),
  /** Where the node's probe port answers, beside its main loop; null when it has none. */
  probeUrl: probeUrlSchema.nullable().default(null),
  /** How long the main loop has not moved when the beat was made. Milliseconds, >= 0; 0 while it moves. */
  mainLagMs: z.number().min(0).default(0),
  vitals: vitalsSchema,
});
export type Beat = z.infer<typeof beatSchema>;

/** Every beat that the schema allows fits, each character escaped. */
export const BEAT_FORMAT: Format<Beat> = { name: 'beat', version: 1, schema: beatSchema, read: readBeat, bytesMax: 131_072 };

export const encodeBeat = (beat: Beat): Uint8Array => encode(BEAT_FORMAT, beat);
export const decodeBeat = (bytes: Uint8Array): Decoded<Beat> => decode(BEAT_FORMAT, bytes);
export const decodeBeatJson = (json: unknown): Decoded<Beat> => decodeJson(BEAT_FORMAT, json);
