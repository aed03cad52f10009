/**
 * Whether a saved state is one that every coordinator can take. Pure.
 *
 * Asked before it is proposed: what is agreed is applied by all of them, now and after each restart, and what none of them can read would end
 * the group for good.
 */
import { describeIssues, memberRecordSchema } from '@muster/contracts';
import { type MembershipSnapshot, membershipRules } from '@muster/membership';
import { z } from 'zod';

const RULES = Object.keys(membershipRules({ stabilisationMs: 1000 }));
const count = z.int().min(0);
const place = { index: count, term: count };

const member = z.looseObject({
  record: memberRecordSchema,
  seq: z.int(),
  standing: z.string().nullable(),
  admission: z.looseObject({}),
  failuresUnixMs: z.array(z.number()),
  damping: z.looseObject({ penalty: z.number(), atMs: z.number(), charged: z.number() }),
  isEvicted: z.boolean(),
});
const brake = z.looseObject({
  zone: z.string().nullable(),
  reason: z.string(),
  sinceUnixMs: z.number(),
  holdMs: z.number(),
  covered: z.array(z.looseObject({ nodeId: z.string(), sinceMs: z.number() })),
  removals: z.array(z.looseObject({ zone: z.string(), atMs: z.number() })),
});
const change = z.looseObject({ ...place, kind: z.enum(['transition', 'updated', 'removed', 'brake']), ordinal: count, atUnixMs: z.number(), member: memberRecordSchema.optional() });
const state = z.looseObject({
  ...place,
  rulesIndex: count,
  rules: z.record(z.string(), z.number()).refine((rules) => RULES.every((name) => name in rules), `must have each of ${RULES.join(', ')}`),
  time: z.looseObject({ term: count, unixMs: z.number(), offsetMs: z.number() }),
  members: z.array(member),
  brakes: z.array(brake),
  changes: z.array(change),
  publishedIndex: count,
  outboxDropped: count,
  forgottenIndex: count,
} satisfies Record<Exclude<keyof MembershipSnapshot, 'v'>, z.ZodType>);

/** In words; null when nothing speaks against it. */
export function faultOf(saved: object): string | null {
  const parsed = state.safeParse(saved);
  return parsed.success ? null : describeIssues(parsed.error);
}
