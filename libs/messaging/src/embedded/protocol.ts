/** What client and broker of the embedded bus say to each other. Names and shapes only. */

/** Raised whenever an old client could misunderstand a new broker, or the reverse. */
export const PROTOCOL_VERSION = 2;

/** Frames larger than this are refused by both sides. Bytes. */
export const FRAME_BYTES_MAX = 8 * 1024 * 1024;

/** Requests of a client; each is answered by `ok` or `error` with the same id. */
export const REQUEST = { hello: 1, ensure: 2, publish: 3, join: 4, leave: 5, fetch: 6, commit: 7, release: 8, ping: 9, end: 10 } as const;
export const ANSWER = { ok: 100, error: 101 } as const;
/** What the broker says unasked. */
export const NOTICE = { assigned: 110, revoke: 111, lost: 112, watermarks: 113 } as const;

export type RequestKind = (typeof REQUEST)[keyof typeof REQUEST];

/** A partition that a member was given, and where its group stands. */
export interface Grant {
  readonly topic: string;
  readonly partition: number;
  /** Next offset of the group; null when the group never committed. */
  readonly committed: number | null;
  readonly low: number;
  readonly high: number;
}

export interface AssignedFacts {
  readonly subscription: number;
  readonly granted: readonly Grant[];
}

/** `revoke`: finish and release. `lost`: already given away. */
export interface TakenFacts {
  readonly subscription: number;
  readonly topic: string;
  readonly partition: number;
}

export interface WatermarksFacts {
  readonly subscription: number;
  readonly highs: readonly { readonly topic: string; readonly partition: number; readonly high: number }[];
}

export interface FetchedFacts {
  readonly high: number;
  /** The partition was taken away while the fetch waited: release it. */
  readonly gone?: boolean;
}
