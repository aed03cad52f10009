/**
 * A transition of a member as a CloudEvent 1.0 in structured mode (JSON), topic `cluster.events`.
 *
 * The id is cluster/term/index, with /n for the n-th further change of the same entry, so that a publisher that repeats itself repeats the id, and readers drop the copy.
 */
import { z } from 'zod';
import { decode, type Decoded, encode, type Format } from './decoded.js';
import { memberRecordSchema, memberStatusSchema } from './member.js';

export const clusterEventDataSchema = z.object({
  /** Status before; null for a node that was not known. */
  from: memberStatusSchema.nullable(),
  to: memberStatusSchema,
  member: memberRecordSchema,
  /** Time from the last beat to the decision; null where silence was not the reason. Milliseconds. */
  silenceMs: z.number().min(0).nullable(),
});

export const clusterEventSchema = z.object({
  specversion: z.literal('1.0'),
  /** `<cluster>/<term>/<index>`, or `<cluster>/<term>/<index>/<n>`. */
  id: z.string().regex(/^[^/]+\/\d+\/\d+(\/\d+)?$/),
  source: z.string().min(1),
  /** `io.muster.member.<status in lower case>.v1`. */
  type: z.string().regex(/^io\.muster\.member\.[a-z]+\.v1$/),
  /** The nodeId. */
  subject: z.string().min(1),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  data: clusterEventDataSchema,
});
export type ClusterEvent = z.infer<typeof clusterEventSchema>;

export const CLUSTER_EVENT_FORMAT: Format<ClusterEvent> = { name: 'cluster event', version: 1, schema: clusterEventSchema, bytesMax: 131_072 };
export const encodeClusterEvent = (event: ClusterEvent): Uint8Array => encode(CLUSTER_EVENT_FORMAT, event);
export const decodeClusterEvent = (bytes: Uint8Array): Decoded<ClusterEvent> => decode(CLUSTER_EVENT_FORMAT, bytes);
