/**
 * What happened to the cluster, as CloudEvents 1.0 in structured mode (JSON), topic `cluster.events`.
 *
 * About a member: a transition to another status, or `updated` when something else about it changed (marks, address, tags). About many
 * at once: a brake on verdicts that engaged, grew or let go.
 *
 * The id is cluster/term/index, with /n for the n-th further change of the same entry, so that a publisher that repeats itself repeats
 * the id, and readers drop the copy.
 */
import { z } from 'zod';
import { BRAKE_STEPS, type BrakeStep, brakeSchema } from './brake.js';
import { decode, type Decoded, encode, type Format } from './decoded.js';
import { MEMBER_STATUSES, memberRecordSchema, type MemberStatus, memberStatusSchema } from './member.js';

const MEMBER_EVENT_KINDS = [...MEMBER_STATUSES.map((status) => lowerCase(status)), 'updated'] as const;
type MemberEventKind = (typeof MEMBER_EVENT_KINDS)[number];
export type MemberEventType = `io.muster.member.${MemberEventKind}.v1`;
export type BrakeEventType = `io.muster.brake.${BrakeStep}.v1`;

export const memberEventType = (status: MemberStatus): MemberEventType => `io.muster.member.${lowerCase(status)}.v1`;
export const MEMBER_UPDATED: MemberEventType = 'io.muster.member.updated.v1';

/** Node ids that one event names; a brake over more tells how many there are. Count. */
export const EVENT_NODES_MAX = 256;

const envelope = {
  specversion: z.literal('1.0'),
  /** `<cluster>/<term>/<index>`, or `<cluster>/<term>/<index>/<n>`. */
  id: z.string().regex(/^[^/]+\/\d+\/\d+(\/\d+)?$/),
  source: z.string().min(1),
} as const;
const content = { time: z.iso.datetime(), datacontenttype: z.literal('application/json') } as const;

export const memberEventDataSchema = z.object({
  /** Status before; null for a node that was not known, the same as `to` when only something else changed. */
  from: memberStatusSchema.nullable(),
  to: memberStatusSchema,
  member: memberRecordSchema,
  /** Time from the last beat to the decision; null where silence was not the reason. Milliseconds. */
  silenceMs: z.number().min(0).nullable(),
  /** What changed beside the status, in words: `drained by ada: new kernel`. Absent in transitions, whose reason is the member's. */
  update: z.string().max(512).optional(),
});

export const memberEventSchema = z.object({
  ...envelope,
  /** `io.muster.member.<status in lower case>.v1`, or `io.muster.member.updated.v1`. */
  type: z.enum(MEMBER_EVENT_KINDS.map((kind): MemberEventType => `io.muster.member.${kind}.v1`)),
  /** The nodeId. */
  subject: z.string().min(1),
  ...content,
  data: memberEventDataSchema,
});
export type MemberEvent = z.infer<typeof memberEventSchema>;

export const brakeEventDataSchema = z.object({
  brake: brakeSchema.extend({ nodeIds: brakeSchema.shape.nodeIds.max(EVENT_NODES_MAX) }),
  /** Members that the brake protects; `nodeIds` names the first of them. Count. */
  nodeCount: z.int().min(0),
  /** Why it engaged or grew, or why it let go. */
  reason: z.string().max(512),
  /** Log index and term of the change. */
  index: z.int().min(1),
  term: z.int().min(1),
});

export const brakeEventSchema = z.object({
  ...envelope,
  /** `io.muster.brake.engaged.v1`, `.grown.` when it protects more members from now on, `.released.` when it let go. */
  type: z.enum(BRAKE_STEPS.map((step): BrakeEventType => `io.muster.brake.${step}.v1`)),
  /** `zone/<zone>`, or `cluster`. */
  subject: z.string().min(1).max(128),
  ...content,
  data: brakeEventDataSchema,
});
export type BrakeEvent = z.infer<typeof brakeEventSchema>;

export const clusterEventSchema = z.discriminatedUnion('type', [memberEventSchema, brakeEventSchema]);
export type ClusterEvent = z.infer<typeof clusterEventSchema>;

/** True for what happened to one member; else it is about a brake. */
export const isMemberEvent = (event: ClusterEvent): event is MemberEvent => 'member' in event.data;

export const CLUSTER_EVENT_FORMAT: Format<ClusterEvent> = { name: 'cluster event', version: 1, schema: clusterEventSchema, bytesMax: 131_072 };
export const encodeClusterEvent = (event: ClusterEvent): Uint8Array => encode(CLUSTER_EVENT_FORMAT, event);
export const decodeClusterEvent = (bytes: Uint8Array): Decoded<ClusterEvent> => decode(CLUSTER_EVENT_FORMAT, bytes);

function lowerCase<S extends string>(status: S): Lowercase<S> {
  return status.toLowerCase() as Lowercase<S>;
}
