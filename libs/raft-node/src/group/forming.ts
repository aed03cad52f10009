/**
 * Carries out `formation.ts`: asks around until there is a group, promises durably before it tells, and makes the store one of the group.
 *
 * Ends with the store founded: what it belongs to is settled from then on, whatever settings say.
 */
import { foundingPromiseSchema, type FoundingPromise, type Logger, type RaftIntroduction, type RaftJoin } from '@muster/contracts';
import type { RaftStore } from '../store/raft-store.js';
import type { Newcomer } from './directory.js';
import { foundingState } from './envelope.js';
import { formationStep, type Unformed } from './formation.js';
import type { Found, Introductions } from './introductions.js';
import { pause } from './pause.js';

export interface Formed {
  readonly clusterId: string;
  /** Members as they were known when we came to belong. */
  readonly peers: readonly Newcomer[];
}

/** What forming counts. */
export const NO_FORMATION = { formationRounds: 0, joinsRefused: 0 };
const ROUND_MS = 300;
/** Once all are seen it is a matter of a few answers; the sooner all have founded, the sooner they elect. */
const PROMISED_ROUND_MS = 100;
/** No answer takes so long, unless we stood still ourselves. */
const HEARD_MS_MAX = 3000;
/** Somebody has to do something before we are taken in: no need to ask often. */
const REFUSED_MS_MAX = 5000;
const PROMISE = 'promise';

export class Forming {
  /** `joining` once a group was found. */
  state: 'forming' | 'joining' = 'forming';
  /** In words, what is waited for. */
  detail = 'looks for other coordinators';
  readonly counts = { ...NO_FORMATION };
  private promised: FoundingPromise | null;
  private refusals = 0;

  constructor(
    private readonly self: Unformed,
    private readonly store: RaftStore,
    private readonly introductions: Introductions,
    private readonly logger: Logger,
  ) {
    const note = store.note(PROMISE);
    this.promised = note === null ? null : foundingPromiseSchema.parse(JSON.parse(note));
  }

  get promise(): FoundingPromise | null {
    return this.promised;
  }

  /** Null when it was told to end before there was a group. */
  async run(signal: AbortSignal): Promise<Formed | null> {
    while (!signal.aborted) {
      this.counts.formationRounds += 1;
      const found = await this.introductions.ask(signal);
      if (signal.aborted) break;
      // Whoever stood still decides nothing by what it heard before: a disk may have been lost since, and what it promised with it.
      if (found.tookMs > HEARD_MS_MAX) continue;
      const formed = await this.step(found, signal);
      if (formed !== null) return formed;
      const round = this.state === 'forming' && this.promised !== null ? PROMISED_ROUND_MS : ROUND_MS;
      const wait = Math.min(REFUSED_MS_MAX, round * 2 ** Math.min(this.refusals, 5));
      await pause(wait * (0.8 + Math.random() * 0.4), signal);
    }
    return null;
  }

  private async step(found: Found, signal: AbortSignal): Promise<Formed | null> {
    const step = formationStep(this.self, this.promised, found.introductions);
    switch (step.kind) {
      case 'wait':
        this.state = 'forming';
        this.refusals = 0;
        this.vow(step.promise);
        this.tell(`${step.detail}${unanswered(found)}`);
        return null;
      case 'found':
        this.store.found(step.clusterId, foundingState(step.members));
        this.logger.info({ clusterId: step.clusterId, members: step.members.map(({ nodeId }) => nodeId) }, 'Raft group founded');
        return { clusterId: step.clusterId, peers: step.members };
      case 'join':
        this.state = 'joining';
        return this.join(step.clusterId, step.via, signal);
    }
  }

  private vow(promise: FoundingPromise | null): void {
    if (promise === null || JSON.stringify(promise) === JSON.stringify(this.promised)) return;
    this.store.putNote(PROMISE, JSON.stringify(promise));
    this.promised = promise;
  }

  private async join(clusterId: string, via: readonly RaftIntroduction[], signal: AbortSignal): Promise<Formed | null> {
    const { cluster, nodeId, storeId, httpUrl, raftUrl } = this.self;
    const request: RaftJoin = { cluster, nodeId, storeId, httpUrl, raftUrl };
    const reasons: string[] = [];
    let refusals = 0;
    for (const url of whereToAsk(via)) {
      const reception = await this.introductions.join(url, request, signal);
      if (reception.kind === 'welcome' && reception.answer.clusterId === clusterId) {
        this.store.found(clusterId, { hard: { term: 0, votedFor: null, commit: 0 }, snapshot: null, entries: [] });
        this.logger.info({ clusterId, by: url }, 'Raft group joined');
        return { clusterId, peers: reception.answer.peers };
      }
      if (reception.kind !== 'welcome') reasons.push(reception.reason);
      if (reception.kind !== 'refused') continue;
      this.counts.joinsRefused += 1;
      refusals = this.refusals + 1;
      break;
    }
    this.refusals = refusals;
    this.tell(`the group ${clusterId} has not taken this coordinator in yet: ${reasons.at(-1) ?? 'nobody answered'}`);
    return null;
  }

  private tell(detail: string): void {
    if (detail === this.detail) return;
    this.detail = detail;
    this.logger.info({ state: this.state }, detail);
  }
}

/** The leader first, then everybody: any member passes a wish on. */
function whereToAsk(via: readonly RaftIntroduction[]): string[] {
  const leaders = via.flatMap(({ leaderHttpUrl }) => (leaderHttpUrl === null ? [] : [leaderHttpUrl]));
  return [...new Set([...leaders, ...via.map(({ httpUrl }) => httpUrl)])];
}

function unanswered({ troubles }: Found): string {
  const told = [...troubles].slice(0, 4).map(([address, trouble]) => `${address}: ${trouble}`);
  return told.length === 0 ? '' : ` (${told.join('; ')})`;
}
