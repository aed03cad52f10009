/** What coordinators ask each other over HTTP: who they are, for a nonce, and to be taken in. */
import type { RaftIntroduction, RaftJoin } from '@muster/contracts';
import type { Newcomer } from '@muster/raft-node';
import type { Site } from './site.js';

export interface Wish {
  readonly request: RaftJoin;
  readonly nonce: string;
}

export type Reception =
  | { readonly kind: 'welcome'; readonly clusterId: string; readonly peers: readonly Newcomer[] }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'later'; readonly reason: string };

const ASK_MS_MAX = 1500;
const JOIN_MS_MAX = 6000;

export function askAround(from: Site, done: (introductions: readonly RaftIntroduction[]) => void): void {
  const { world } = from;
  const urls = world.discover(from);
  const found = new Map<string, RaftIntroduction>();
  let waitsFor = urls.length;
  // As with answers, never in the turn in which it was asked.
  if (waitsFor === 0) return from.main.immediately(() => done([]));
  for (const url of urls) {
    world.http.ask<RaftIntroduction>({
      from,
      url,
      limitMs: ASK_MS_MAX,
      serve: (site, answer) => answer(site.introduce()),
      done: (introduction) => {
        if (introduction !== null) found.set(introduction.storeId, introduction);
        waitsFor -= 1;
        if (waitsFor === 0) done([...found.values()]);
      },
    });
  }
}

/** Asks for a nonce of the leader first, and signs with that. */
export function askToJoin(from: Site, url: string, done: (reception: Reception) => void): void {
  const { world } = from;
  const nobody: Reception = { kind: 'later', reason: `${url} did not answer` };
  world.http.ask<string | null>({
    from,
    url,
    limitMs: ASK_MS_MAX,
    serve: (site, answer) => giveNonce(site, answer, true),
    done: (nonce) => {
      if (nonce === null) return done(nobody);
      const wish: Wish = { request: from.self, nonce };
      world.overheard(wish);
      sendWish(from, url, wish, (reception) => done(reception ?? nobody));
    },
  });
}

export function sendWish(from: Site, url: string, wish: Wish, done: (reception: Reception | null) => void): void {
  from.world.http.ask<Reception | null>({ from, url, limitMs: JOIN_MS_MAX, serve: (site, answer) => receive(site, wish, answer, true), done });
}

function giveNonce(site: Site, answer: (nonce: string | null) => void, mayForward: boolean): void {
  const { membership, world } = site;
  if (membership?.isLeader === true) return answer(membership.issueNonce());
  const url = mayForward ? (membership?.leader()?.httpUrl ?? null) : null;
  if (url === null) return answer(null);
  world.http.ask<string | null>({ from: site, url, limitMs: ASK_MS_MAX, serve: (leader, said) => giveNonce(leader, said, false), done: answer });
}

/** Any member takes a wish and passes it to the leader, once. */
function receive(site: Site, wish: Wish, answer: (reception: Reception | null) => void, mayForward: boolean): void {
  const { membership, world } = site;
  if (membership?.isLeader === true) return membership.join(wish, answer);
  const url = mayForward ? (membership?.leader()?.httpUrl ?? null) : null;
  if (url === null) return answer({ kind: 'later', reason: 'no leader is known' });
  world.http.ask<Reception | null>({ from: site, url, limitMs: JOIN_MS_MAX, serve: (leader, said) => receive(leader, wish, said, false), done: answer });
}
