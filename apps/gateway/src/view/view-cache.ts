/** The port behind which the last view survives the gateway, so that a cold start need not wait for a coordinator. */
import { type ClusterStatus, clusterStatusSchema } from '@muster/contracts';
import { z } from 'zod';

export const savedViewSchema = z.object({
  v: z.literal(1),
  /** Wall time for which `status` stands. Milliseconds since 1970. */
  asOfUnixMs: z.int().min(0),
  status: clusterStatusSchema,
});
export interface SavedView {
  readonly v: 1;
  readonly asOfUnixMs: number;
  readonly status: ClusterStatus;
}

export interface ViewCache {
  /** The newest view that was saved for the cluster; null when there is none, or none that this build reads. */
  load(): Promise<SavedView | null>;
  /** Keeps it unless a newer one is kept. */
  save(view: SavedView): Promise<void>;
  close(): Promise<void>;
}

export const encodeView = (view: SavedView): string => JSON.stringify(view);

export function decodeView(text: string | null): SavedView | null {
  if (text === null) return null;
  try {
    return savedViewSchema.parse(JSON.parse(text));
  } catch {
    // Written by another version, or by somebody else: as good as none.
    return null;
  }
}
