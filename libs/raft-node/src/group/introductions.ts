/** Asks coordinators who they are, and to be taken in, over HTTP. Decides nothing; what is not signed with the secret of the cluster was not said. */
import { randomUUID } from 'node:crypto';
import { isNativeError } from 'node:util/types';
import { NONCE_HEADER, type RaftIntroduction, raftIntroductionSchema, type RaftJoin, type RaftJoinAnswer, raftJoinAnswerSchema, raftJoinNonceSchema, SIGNATURE_HEADER } from '@muster/contracts';
import { monotonicMs } from '../driver/monotonic.js';
import { isSigned, signatureOf } from './signature.js';

export interface Found {
  readonly introductions: readonly RaftIntroduction[];
  /** Why the others did not introduce themselves, in words, by address. */
  readonly troubles: ReadonlyMap<string, string>;
  /** Age of the oldest of what they said, at most. Milliseconds. */
  readonly tookMs: number;
}

/** What a member answered to a wish to be taken in. */
export type Reception =
  | { readonly kind: 'welcome'; readonly answer: RaftJoinAnswer }
  /** Never like this. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'later'; readonly reason: string };

const TIMEOUT_MS = 1500;
/** A join is answered once it is committed. */
const JOIN_TIMEOUT_MS = 6000;
const ANSWER_BYTES_MAX = 64 * 1024;
/** Addresses that are asked at once. Count. */
const ADDRESSES_MAX = 64;
const CONFLICT = 409;

export class Introductions {
  constructor(
    private readonly secret: string,
    private readonly discover: () => Promise<readonly string[]>,
  ) {}

  async ask(signal: AbortSignal): Promise<Found> {
    const troubles = new Map<string, string>();
    const addresses = await this.discover().catch((error: unknown) => {
      troubles.set('discovery', textOf(error));
      return [];
    });
    const askedAtMs = monotonicMs();
    const answers = await Promise.all(
      [...new Set(addresses)].slice(0, ADDRESSES_MAX).map(async (address) => {
        try {
          return [await this.askOne(address, signal)];
        } catch (error) {
          troubles.set(address, textOf(error));
          return [];
        }
      }),
    );
    // One coordinator may be found under several addresses.
    const byStore = new Map(answers.flat().map((introduction) => [introduction.storeId, introduction]));
    return { introductions: [...byStore.values()], troubles, tookMs: monotonicMs() - askedAtMs };
  }

  /** Asks for a nonce of the leader first: nobody who hears this wish can use it again. */
  async join(httpUrl: string, request: RaftJoin, signal: AbortSignal): Promise<Reception> {
    const body = JSON.stringify(request);
    try {
      const given = await fetch(`${httpUrl}/raft/join-nonce`, { signal: within(JOIN_TIMEOUT_MS, signal) });
      const answer = await limitedText(given);
      if (!given.ok) return { kind: 'later', reason: messageIn(answer) ?? `${httpUrl} answered ${given.status}` };
      const { nonce } = raftJoinNonceSchema.parse(JSON.parse(answer));
      const headers = { 'content-type': 'application/json', [NONCE_HEADER]: nonce, [SIGNATURE_HEADER]: signatureOf(this.secret, 'join', nonce, body) };
      const response = await fetch(`${httpUrl}/raft/join`, { method: 'POST', body, headers, signal: within(JOIN_TIMEOUT_MS, signal) });
      const text = await limitedText(response);
      if (response.ok) return { kind: 'welcome', answer: raftJoinAnswerSchema.parse(JSON.parse(text)) };
      return { kind: response.status === CONFLICT ? 'refused' : 'later', reason: messageIn(text) ?? `${httpUrl} answered ${response.status}` };
    } catch (error) {
      return { kind: 'later', reason: `${httpUrl}: ${textOf(error)}` };
    }
  }

  private async askOne(address: string, signal: AbortSignal): Promise<RaftIntroduction> {
    const nonce = randomUUID();
    const response = await fetch(`${address}/raft/introduction?nonce=${nonce}`, { signal: within(TIMEOUT_MS, signal) });
    const text = await limitedText(response);
    if (!response.ok) throw new Error(messageIn(text) ?? `it answered ${response.status}`);
    if (!isSigned(response.headers.get(SIGNATURE_HEADER), this.secret, 'introduction', nonce, text)) throw new Error('it does not know the secret of the cluster: give all coordinators the same cluster.secret');
    return raftIntroductionSchema.parse(JSON.parse(text));
  }
}

function within(limitMs: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(limitMs), signal]);
}

/** Whoever answers on a port may answer without end. */
async function limitedText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`its answer exceeds ${ANSWER_BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function messageIn(text: string): string | null {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    return typeof message === 'string' ? message : null;
  } catch {
    return null;
  }
}

function textOf(error: unknown): string {
  if (!isNativeError(error)) return String(error);
  // What `fetch` says itself is only that it failed.
  return isNativeError(error.cause) ? error.cause.message : error.message;
}
