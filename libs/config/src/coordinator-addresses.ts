/** Turns what `cluster.coordinators` says into addresses: a name behind `dns+` stands for all addresses that it has now. */
import { lookup } from 'node:dns/promises';

export type Lookup = (host: string) => Promise<readonly string[]>;

/** Names that do not resolve now are left out: the next round asks again. In the order of `urls`, each address once. */
export async function coordinatorAddresses(urls: readonly string[], resolve: Lookup = addressesOf): Promise<string[]> {
  const found = await Promise.all(urls.map((url) => expanded(url, resolve)));
  return [...new Set(found.flat().map((url) => url.replace(/\/$/, '')))];
}

/** For whoever keeps to all coordinators: the list itself, or what to ask now and then because names in it may get other addresses. */
export function coordinatorSource(urls: readonly string[]): readonly string[] | (() => Promise<readonly string[]>) {
  return urls.some((url) => url.startsWith('dns+')) ? () => coordinatorAddresses(urls) : urls;
}

async function expanded(url: string, resolve: Lookup): Promise<string[]> {
  if (!url.startsWith('dns+')) return [url];
  const { protocol, hostname, port, pathname } = new URL(url.slice('dns+'.length));
  const addresses = await resolve(hostname).catch(() => []);
  const at = port === '' ? '' : `:${port}`;
  return addresses.map((address) => `${protocol}//${address.includes(':') ? `[${address}]` : address}${at}${pathname}`);
}

async function addressesOf(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address).toSorted();
}
