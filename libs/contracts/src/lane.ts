/**
 * The direct lane: one long-lived connection of an agent to one coordinator; an agent keeps one to each.
 *
 * Opened by an HTTP upgrade (`GET /cluster/lane`, `Upgrade: muster-lane`); from then on both sides write JSON, one message a line. That the
 * kernel closes it is news by itself: the process at its other end may be gone.
 */
import { z } from 'zod';
import { beatSchema } from './beat.js';
import { beatResultSchema } from './coordinator-api.js';
import { type Decoded, decodeJson, type Format } from './decoded.js';
import { incarnationSchema, nodeIdSchema, probeUrlSchema, urlSchema } from './identity.js';
import { probeResultSchema } from './probe.js';

export const LANE_PATH = '/cluster/lane';
export const LANE_PROTOCOL = 'muster-lane';
/** Longest line, its end included. Bytes. */
export const LANE_LINE_BYTES_MAX = 160 * 1024;

/** Whom to probe. Either address may be missing; when both are known, only both together refuse. */
export const probeTargetSchema = z.object({
  nodeId: nodeIdSchema,
  incarnation: incarnationSchema,
  probeUrl: probeUrlSchema.nullable(),
  httpUrl: urlSchema.nullable(),
});
export type ProbeTarget = z.infer<typeof probeTargetSchema>;

const v = z.literal(1);

/** What an agent says. */
export const agentMessageSchema = z.discriminatedUnion('kind', [
  /** First of all, and again when the incarnation grew. */
  z.object({ v, kind: z.literal('hello'), nodeId: nodeIdSchema, incarnation: incarnationSchema }),
  /** Answered by `heard`. */
  z.object({ v, kind: z.literal('beat'), beat: beatSchema }),
  /** What came of a `probe`. `lateMs`: how late the loop of the asker was meanwhile; a late one has no opinion. */
  z.object({ v, kind: z.literal('probed'), id: z.int().min(0), result: probeResultSchema, mainLagMs: z.number().min(0), lateMs: z.number().min(0) }),
]);
export type AgentMessage = z.infer<typeof agentMessageSchema>;

/** What a coordinator says. */
export const coordinatorMessageSchema = z.discriminatedUnion('kind', [
  /** Answers `hello`. */
  z.object({ v, kind: z.literal('welcome'), coordinatorId: nodeIdSchema, knownIncarnation: incarnationSchema.nullable() }),
  z.object({ v, kind: z.literal('heard'), seq: z.int().min(1), result: beatResultSchema }),
  /** Please look at that member for us; answered by `probed` with the same id. */
  z.object({ v, kind: z.literal('probe'), id: z.int().min(0), target: probeTargetSchema, timeLimitMs: z.int().min(10).max(10_000) }),
  /**
   * An operator wants the node to take no new work, or takes that back. Sent after `welcome` as well, by every coordinator: the one with
   * the greatest log index holds, so that a coordinator that lags behind takes nothing back.
   */
  z.object({ v, kind: z.literal('drain'), isDraining: z.boolean(), reason: z.string().max(512), index: z.int().min(0).optional() }),
]);
export type CoordinatorMessage = z.infer<typeof coordinatorMessageSchema>;

export const AGENT_MESSAGE_FORMAT: Format<AgentMessage> = { name: 'lane message of an agent', version: 1, schema: agentMessageSchema, bytesMax: LANE_LINE_BYTES_MAX };
export const COORDINATOR_MESSAGE_FORMAT: Format<CoordinatorMessage> = { name: 'lane message of a coordinator', version: 1, schema: coordinatorMessageSchema, bytesMax: LANE_LINE_BYTES_MAX };
export const decodeAgentMessage = (json: unknown): Decoded<AgentMessage> => decodeJson(AGENT_MESSAGE_FORMAT, json);
export const decodeCoordinatorMessage = (json: unknown): Decoded<CoordinatorMessage> => decodeJson(COORDINATOR_MESSAGE_FORMAT, json);
