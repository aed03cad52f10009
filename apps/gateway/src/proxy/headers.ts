/**
 * Which headers go on, in which form. Pure; lists of `[name, value, name, value, …]` as they stood on the wire, so
 * that repeated headers, their order and their letters survive.
 */

/** Headers that speak of one connection and end with it (RFC 9110, 7.6.1), `Expect` and proxies' own included. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect']);
/** Made anew for the member. */
const REPLACED = new Set(['host', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);
export const NODE_HEADER = 'X-Muster-Node';
export const TIER_HEADER = 'X-Muster-Tier';
const OURS = new Set([NODE_HEADER.toLowerCase(), TIER_HEADER.toLowerCase()]);

export interface Client {
  readonly address: string;
  readonly isTls: boolean;
}

/** Headers for the member. Its host is set by the connection. */
export function requestHeaders(raw: readonly string[], client: Client): string[] {
  const headers = kept(raw, (name) => !REPLACED.has(name) && !OURS.has(name));
  const forwardedFor = valuesOf(raw, 'x-forwarded-for');
  const host = valuesOf(raw, 'host')[0];
  headers.push('x-forwarded-for', [...forwardedFor, client.address].join(', '));
  headers.push('x-forwarded-proto', valuesOf(raw, 'x-forwarded-proto')[0] ?? (client.isTls ? 'https' : 'http'));
  const forwardedHost = valuesOf(raw, 'x-forwarded-host')[0] ?? host;
  if (forwardedHost !== undefined) headers.push('x-forwarded-host', forwardedHost);
  return headers;
}

/** Headers for the client: the member's, and who it was. */
export function responseHeaders(raw: readonly string[], by: { readonly nodeId: string; readonly tier: string }): string[] {
  const headers = kept(raw, (name) => !OURS.has(name));
  headers.push(NODE_HEADER, by.nodeId);
  if (by.tier !== 'routable') headers.push(TIER_HEADER, by.tier);
  return headers;
}

/** Without hop-by-hop headers, those that `Connection` names included. */
function kept(raw: readonly string[], isKept: (lowerName: string) => boolean): string[] {
  const named = new Set(valuesOf(raw, 'connection').flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase())));
  const headers: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string;
    const lowerName = name.toLowerCase();
    if (!HOP_BY_HOP.has(lowerName) && !named.has(lowerName) && isKept(lowerName)) headers.push(name, raw[index + 1] as string);
  }
  return headers;
}

export function valuesOf(raw: readonly string[], lowerName: string): string[] {
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === lowerName);
}
