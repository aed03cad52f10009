/** A member as the cluster agreed on it: the record kept in `cluster.membership`, one per node. */
import { z } from 'zod';
import { decode, type Decoded, encode, type Format } from './decoded.js';
import { incarnationSchema, nodeIdSchema, probeUrlSchema, resourcesSchema, serviceSchema, tagsSchema, urlSchema, zoneSchema } from './identity.js';

export const MEMBER_STATUSES = ['JOINING', 'HEALTHY', 'DEGRADED', 'SUSPECT', 'DOWN', 'LEAVING', 'LEFT'] as const;
export const memberStatusSchema = z.enum(MEMBER_STATUSES);
export type MemberStatus = z.infer<typeof memberStatusSchema>;

/** True while a member counts as part of the cluster. */
export const isLive = (status: MemberStatus): boolean => status !== 'DOWN' && status !== 'LEFT';

/**
 * Marks beside the status. Each takes the member's traffic away: `cordoned` and `draining` by an operator, `damped` because it failed
 * so often of late that it is not believed for a while.
 */
export const MEMBER_MARKS = ['cordoned', 'draining', 'damped'] as const;
export const memberMarkSchema = z.enum(MEMBER_MARKS);
export type MemberMark = z.infer<typeof memberMarkSchema>;

export const memberRecordSchema = z.object({
  v: z.literal(1),
  nodeId: nodeIdSchema,
  incarnation: incarnationSchema,
  status: memberStatusSchema,
  /** Why the member has this status, for people: `no heartbeat for 12.0 s (phi 16.2)`. */
  reason: z.string().max(512),
  service: serviceSchema,
  zone: zoneSchema,
  tags: tagsSchema,
  resources: resourcesSchema,
  httpUrl: urlSchema.nullable(),
  probeUrl: probeUrlSchema.nullable().default(null),
  /** Sorted, each at most once. */
  marks: z.array(memberMarkSchema).max(MEMBER_MARKS.length).default([]),
  /** Wall time of the change to this status, by the coordinator that proposed it. Milliseconds since 1970. */
  changedAtUnixMs: z.int().min(0),
  /** Raft index and term of the change. */
  index: z.int().min(1),
  term: z.int().min(1),
});
export type MemberRecord = z.infer<typeof memberRecordSchema>;

/** Every record that the schema allows fits, each character escaped. */
export const MEMBER_FORMAT: Format<MemberRecord> = { name: 'member record', version: 1, schema: memberRecordSchema, bytesMax: 98_304 };
export const encodeMember = (record: MemberRecord): Uint8Array => encode(MEMBER_FORMAT, record);
export const decodeMember = (bytes: Uint8Array): Decoded<MemberRecord> => decode(MEMBER_FORMAT, bytes);
