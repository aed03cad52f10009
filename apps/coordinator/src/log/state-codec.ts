/** Entries and snapshots as bytes: JSON. An array of its own each time, because it is handed to another thread as a whole. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const encodeState = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));
export const decodeState = (bytes: Uint8Array): unknown => JSON.parse(decoder.decode(bytes));
