/** Whether the pieces of a snapshot are, put together, what the leader has: FNV-1a of 32 bits. Against mistakes, not against malice. */

export function checksumOf(data: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < data.byteLength; at++) hash = Math.imul(hash ^ (data[at] ?? 0), 0x01000193);
  return hash >>> 0;
}
