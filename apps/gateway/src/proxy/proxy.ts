/**
 * The data path: takes a request off the raw server, chooses a member, and tries another one where that is safe.
 *
 * Stands in front of Nest, which would parse and re-write bodies. Whom to choose is the router's decision, whether to
 * retry is `retry-rule`'s; here they are put together with connections.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Brake, Logger, MemberStatusView } from '@muster/contracts';
import { type Choice, type Outcome, type Random, type Tier, TIERS } from '@muster/routing';
import type { Registry } from 'prom-client';
import { type Attempt, attempt, type AttemptResult } from './attempt.js';
import { type PoolLimits, Pools } from './pools.js';
import { ProxyMetrics } from './proxy-metrics.js';
import { nobody, refuse, unanswered } from './refusals.js';
import type { BodyUse } from './request-body.js';
import { retryVerdict } from './retry-rule.js';
import { matchRoute, type Route } from './routes.js';
import { type Reachable, ServiceRouters } from './service-routers.js';
import { Waiting } from './waiting.js';

export interface ProxyOptions {
  readonly routes: readonly Route[];
  readonly limits: PoolLimits & { readonly inflightMax: number; readonly viewStaleMs: number; readonly doubtTimeoutMs: number };
  /** Zone of this gateway; members in it are preferred. */
  readonly zone: string;
  /** Time since the view was last confirmed. Milliseconds. */
  readonly viewAgeMs: () => number;
  readonly metrics: Registry;
  readonly logger: Logger;
}

/** Members that one request is tried on. */
const ATTEMPTS_MAX = 4;

const random: Random = { nextInt: (bound) => Math.floor(Math.random() * bound) };

/** One request on its way. */
interface Passage {
  readonly service: string;
  readonly path: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly bodyUse: BodyUse;
  readonly tried: Set<string>;
}

export class Proxy {
  private inflight = 0;
  private readonly pools: Pools;
  private readonly routers: ServiceRouters;
  private readonly waiting = new Waiting();
  private readonly metrics: ProxyMetrics;

  constructor(private readonly options: ProxyOptions) {
    this.pools = new Pools(options.limits);
    this.routers = new ServiceRouters([...new Set(options.routes.map(({ service }) => service))]);
    this.metrics = new ProxyMetrics(options.metrics, { inflight: () => this.inflight, ejected: () => this.routers.ejected(performance.now()) });
  }

  update(members: readonly MemberStatusView[], brakes: readonly Brake[]): void {
    const braked = new Set(brakes.flatMap(({ nodeIds }) => nodeIds));
    this.routers.update(members, braked);
    this.pools.keepOnly(members);
    this.waiting.update(members, braked);
  }

  /** True when the request is ours; the answer comes later. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const match = matchRoute(this.options.routes, request.method ?? '', request.url ?? '/');
    switch (match.kind) {
      case 'not-ours':
        return false;
      case 'ambiguous-path':
        refuse(response, { statusCode: 400, code: 'PATH_AMBIGUOUS', message: `the path has "." or ".." segments: send it in its plain form` });
        return true;
      case 'method-not-allowed':
        response.setHeader('Allow', match.allowed.join(', '));
        refuse(response, { statusCode: 405, code: 'METHOD_NOT_ALLOWED', message: `${request.method} is not possible here, only ${match.allowed.join(', ')}` });
        return true;
      case 'route':
        void this.pass({ service: match.service, path: match.path, request, response, bodyUse: { isUsed: false }, tried: new Set() });
        return true;
    }
  }

  async close(): Promise<void> {
    await this.pools.close();
  }

  /** Never rejects: nobody would be there to catch it. */
  private async pass(passage: Passage): Promise<void> {
    const { service, response } = passage;
    // Without it a client that breaks off while nothing is being sent would be an uncaught error.
    passage.request.on('error', () => {});
    response.on('error', () => {});
    if (this.inflight >= this.options.limits.inflightMax) {
      this.metrics.requests.inc({ service, outcome: 'refused' });
      refuse(response, { statusCode: 503, code: 'GATEWAY_OVERLOADED', message: `${this.inflight} requests are under way, at most ${this.options.limits.inflightMax} are taken: try again in a second` });
      return;
    }
    this.inflight += 1;
    const startedMs = performance.now();
    try {
      this.metrics.requests.inc({ service, outcome: await this.tryMembers(passage) });
    } catch (error) {
      this.options.logger.error({ err: error, service }, 'the proxy itself failed');
      this.metrics.requests.inc({ service, outcome: 'broken' });
      refuse(response, { statusCode: 500, code: 'INTERNAL', message: 'the gateway failed; its log has the reason' });
    } finally {
      this.inflight -= 1;
      this.metrics.seconds.observe({ service }, (performance.now() - startedMs) / 1000);
    }
  }

  /** The outcome, for the count. */
  private async tryMembers(passage: Passage): Promise<string> {
    const { service, request, response, bodyUse, tried } = passage;
    const { router, budget } = this.routers.of(service);
    budget.request(performance.now());
    let last: { readonly fault: string; readonly isTimeout: boolean; readonly wasSent: boolean } | null = null;
    while (tried.size < ATTEMPTS_MAX) {
      const choice = this.choose(passage);
      const member = choice.kind === 'member' ? this.routers.member(choice.nodeId) : null;
      if (choice.kind === 'nobody' || member === null) break;
      if (choice.tier !== 'routable') this.metrics.lastResort.inc({ service, tier: choice.tier });
      tried.add(choice.nodeId);
      router.started(choice.nodeId);
      const result = await this.tryMember(passage, member, choice.tier);
      router.finished({ nodeId: choice.nodeId, incarnation: choice.incarnation, outcome: outcomeOf(result), nowMs: performance.now() });
      if (result.kind === 'answered') return result.isWhole ? `${Math.floor(result.statusCode / 100)}xx` : 'broken';
      if (result.kind === 'client-gone') return 'client-gone';
      last = { isTimeout: result.kind === 'called-off' || result.isTimeout, wasSent: result.wasSent, fault: `${choice.nodeId}: ${result.fault}` };
      this.options.logger.debug({ service, nodeId: choice.nodeId, fault: result.fault, wasSent: result.wasSent }, 'a member did not answer');
      if (result.kind === 'called-off') {
        this.metrics.retries.inc({ service, reason: 'called-off' });
        continue;
      }
      const verdict = retryVerdict(request.method ?? '', { wasSent: result.wasSent, isBodyUsed: bodyUse.isUsed });
      const isAllowed = verdict === 'free' || (verdict === 'budget' && budget.takeRetry(performance.now()));
      if (!isAllowed) {
        if (verdict === 'budget') this.metrics.retriesDenied.inc({ service });
        break;
      }
      this.metrics.retries.inc({ service, reason: verdict === 'free' ? 'not-sent' : 'sent' });
    }
    refuse(response, last?.wasSent === true ? unanswered(last) : nobody(service, tried.size, last?.fault ?? ''));
    return '5xx';
  }

  /** One attempt, called off when the member falls into doubt and the request is better tried elsewhere. */
  private async tryMember(passage: Passage, member: Reachable, tier: Tier): Promise<AttemptResult> {
    const { request, response, path, bodyUse } = passage;
    const { nodeId } = member;
    const running = attempt({ request, response, path, bodyUse, dispatcher: this.pools.of(member), member: { nodeId, tier } });
    const release = this.waiting.enlist(nodeId, (fault) => {
      if (this.mayCallOff(passage, running, TIERS.indexOf('suspect') - 1)) running.callOff({ isFault: false, fault });
    });
    const { doubtTimeoutMs } = this.options.limits;
    const patience = tier === 'routable' ? undefined : setTimeout(() => {
      if (this.mayCallOff(passage, running, TIERS.indexOf(tier))) running.callOff({ isFault: true, fault: `no answer for ${doubtTimeoutMs} ms` });
    }, doubtTimeoutMs);
    try {
      return await running.result;
    } finally {
      release();
      clearTimeout(patience);
    }
  }

  /** True, and a retry is paid for, when nothing is lost by asking somebody else, and somebody of that tier or a better one is left. */
  private mayCallOff(passage: Passage, running: Attempt, tierIndexMax: number): boolean {
    if (!running.isWaiting || passage.tried.size >= ATTEMPTS_MAX) return false;
    const verdict = retryVerdict(passage.request.method ?? '', { wasSent: running.wasSent, isBodyUsed: passage.bodyUse.isUsed });
    if (verdict === 'never') return false;
    const next = this.choose(passage);
    if (next.kind === 'nobody' || TIERS.indexOf(next.tier) > tierIndexMax) return false;
    return verdict === 'free' || this.routers.of(passage.service).budget.takeRetry(performance.now());
  }

  private choose({ service, tried }: Passage): Choice {
    const isViewStale = this.options.viewAgeMs() > this.options.limits.viewStaleMs;
    return this.routers.of(service).router.choose({ nowMs: performance.now(), zone: this.options.zone, tried, isViewStale }, random);
  }
}

function outcomeOf(result: AttemptResult): Outcome {
  switch (result.kind) {
    case 'answered':
      return result.isWhole ? 'answered' : 'unreachable';
    case 'client-gone':
      return 'abandoned';
    case 'called-off':
      return result.isFault ? 'unreachable' : 'abandoned';
    case 'failed':
      return 'unreachable';
  }
}
