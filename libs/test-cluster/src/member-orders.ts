/** What a member program is told over IPC, and what it tells back. */
import { z } from 'zod';

export const orderSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('join'), nodeId: z.string(), service: z.string(), address: z.string(), busUrl: z.string(), coordinators: z.array(z.string()), intervalMs: z.number(), zone: z.string() }),
  /** Freezes the main loop, as synchronous work does. */
  z.object({ kind: z.literal('block'), forMs: z.number() }),
]);
export type Order = z.infer<typeof orderSchema>;
/** What it tells back. */
export const wordSchema = z.discriminatedUnion('kind', [z.object({ kind: z.literal('here') }), z.object({ kind: z.literal('drain'), isDraining: z.boolean(), reason: z.string() })]);
export type Word = z.infer<typeof wordSchema>;
export type Join = Extract<Order, { kind: 'join' }>;
