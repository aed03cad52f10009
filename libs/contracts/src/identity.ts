/** Names and numbers that identify a member, shared by every format. */
import { z } from 'zod';

export const NODE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
export const SERVICE = /^[a-z][a-z0-9-]{0,62}$/;
export const PROBE_URL = /^tcp:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/;

/** Chosen by the operator, or made from host name and role; stable over restarts. */
export const nodeIdSchema = z
  .string()
  .regex(NODE_ID, 'must be 1-128 letters, digits, ".", "_" or "-", starting with a letter or digit');

/**
 * Which boot of a node this is. A later boot has a greater number: milliseconds of wall time at boot times 1024,
 * plus a random number below 1024; a node that finds a greater one known of itself takes that plus one.
 */
export const incarnationSchema = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** Failure domain, such as a rack or an availability zone. */
export const zoneSchema = z.string().min(1).max(64);

/** What the member serves, such as `producer`; routing picks by it. */
export const serviceSchema = z.string().regex(SERVICE, 'must be 1-63 lower-case letters, digits or "-", starting with a letter');

export const tagsSchema = z.record(z.string().min(1).max(64), z.string().max(256)).refine((tags) => Object.keys(tags).length <= 32, 'at most 32 tags');

export const urlSchema = z.url({ protocol: /^https?$/ }).max(512);

/** A probe port: `tcp://host:port`. */
export const probeUrlSchema = z.string().regex(PROBE_URL, 'must be tcp://host:port').max(512);

export const resourcesSchema = z.object({
  /** CPU cores the member may use. Count, > 0, fractions allowed (cgroup quota). */
  cores: z.number().positive(),
  /** Memory the member may use. Bytes, > 0. */
  memoryBytes: z.number().positive(),
});
export type Resources = z.infer<typeof resourcesSchema>;
