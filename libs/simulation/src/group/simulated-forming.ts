/** The shell around `formationStep` of raft-node, in callbacks: asks around, promises durably before it tells, founds or asks to be taken in. */
import type { FoundingPromise, RaftIntroduction } from '@muster/contracts';
import { formationStep, foundingState } from '@muster/raft-node';
import { askAround, askToJoin, type Reception } from './introducing.js';
import type { Site } from './site.js';

const ROUND_MS = 300;
const PROMISED_ROUND_MS = 100;
const REFUSED_MS_MAX = 5000;
const HEARD_MS_MAX = 3000;

export class SimulatedForming {
  promised: FoundingPromise | null;
  detail = '';
  private isJoining = false;
  private refusals = 0;

  constructor(private readonly site: Site) {
    this.promised = site.disk.promise;
  }

  round(): void {
    const { main, world } = this.site;
    const askedAtMs = world.clock.nowMs();
    askAround(this.site, (introductions) => {
      // Whoever stood still decides nothing by what it heard before: a disk may have been lost since.
      if (world.clock.nowMs() - askedAtMs > HEARD_MS_MAX) return main.immediately(() => this.round());
      this.step(introductions);
    });
  }

  private step(introductions: readonly RaftIntroduction[]): void {
    const { site } = this;
    const { world } = site;
    const step = formationStep({ ...site.self, expect: world.settings.expect }, this.promised, introductions);
    switch (step.kind) {
      case 'wait':
        this.isJoining = false;
        this.refusals = 0;
        this.detail = step.detail;
        if (!this.vow(step.promise)) return;
        if (site.fault === 'founds alone' && step.promise !== null) return this.found(`alone ${site.disk.storeId}`, step.promise.members);
        return this.later();
      case 'found':
        world.monitors.founds(site, step.members);
        return this.found(step.clusterId, step.members);
      case 'join':
        this.isJoining = true;
        return this.join(step.clusterId, whereToAsk(step.via), []);
    }
  }

  /** False when it ended. */
  private vow(promise: FoundingPromise | null): boolean {
    const { site } = this;
    if (promise === null || JSON.stringify(promise) === JSON.stringify(this.promised)) return true;
    if (site.fault === 'tells before it writes') this.promised = promise;
    else if (!site.survives()) return false;
    // Of a disk that lies, what it holds reaches the medium much later, if at all.
    if (site.fault !== 'tells before it writes' || site.random.chance(0.2)) {
      site.disk.promise = promise;
      site.world.monitors.promised(site, promise);
    }
    if (!site.survives()) return false;
    this.promised = promise;
    return true;
  }

  private found(clusterId: string, members: Parameters<typeof foundingState>[0]): void {
    const { site } = this;
    if (!site.survives()) return;
    site.found(clusterId, foundingState(members));
    if (site.survives()) site.belong(members);
  }

  /** One after the other, until somebody takes it in or says why it never will. */
  private join(clusterId: string, urls: readonly string[], reasons: readonly string[]): void {
    const { site } = this;
    const [url, ...others] = urls;
    if (url === undefined) {
      this.refusals = 0;
      this.detail = reasons.at(-1) ?? 'nobody answered';
      return this.later();
    }
    askToJoin(site, url, (reception: Reception) => {
      if (reception.kind === 'welcome' && reception.clusterId === clusterId) {
        if (!site.survives()) return;
        site.found(clusterId, { hard: { term: 0, votedFor: null, commit: 0 }, snapshot: null, entries: [] });
        if (site.survives()) site.belong(reception.peers);
        return;
      }
      if (reception.kind === 'refused') {
        this.refusals += 1;
        this.detail = reception.reason;
        return this.later();
      }
      this.join(clusterId, others, reception.kind === 'later' ? [...reasons, reception.reason] : reasons);
    });
  }

  private later(): void {
    const round = !this.isJoining && this.promised !== null ? PROMISED_ROUND_MS : ROUND_MS;
    const waitMs = Math.min(REFUSED_MS_MAX, round * 2 ** Math.min(this.refusals, 5));
    this.site.main.wakeAfter(waitMs * this.site.random.between(0.8, 1.2), () => this.round());
  }
}

function whereToAsk(via: readonly RaftIntroduction[]): string[] {
  const leaders = via.flatMap(({ leaderHttpUrl }) => (leaderHttpUrl === null ? [] : [leaderHttpUrl]));
  return [...new Set([...leaders, ...via.map(({ httpUrl }) => httpUrl)])];
}
