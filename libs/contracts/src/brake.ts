/** The brake on verdicts: who is protected from being declared dead by silence, and why. */
import { z } from 'zod';
import { nodeIdSchema, zoneSchema } from './identity.js';

export const brakeSchema = z.object({
  /** Null: the whole cluster. */
  zone: zoneSchema.nullable(),
  reason: z.string().max(512),
  /** Wall time since when it holds. Milliseconds since 1970. */
  sinceUnixMs: z.int().min(0),
  /** When it lets go at a limited rate although they are still silent, provided that we see others. Milliseconds since 1970. */
  holdsUntilUnixMs: z.int().min(0),
  /** Members it protects: silent, and not declared dead for it. Sorted. */
  nodeIds: z.array(nodeIdSchema),
});
export type Brake = z.infer<typeof brakeSchema>;

/** What happens to a brake: it holds from now on, protects more members, or lets go. */
export const BRAKE_STEPS = ['engaged', 'grown', 'released'] as const;
export type BrakeStep = (typeof BRAKE_STEPS)[number];
