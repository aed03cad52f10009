/** One router and one retry budget per service, fed from the live view; only members that answer HTTP take part. */
import type { MemberStatusView } from '@muster/contracts';
import { RetryBudget, Router } from '@muster/routing';

export type Reachable = MemberStatusView & { readonly httpUrl: string };

export interface ServiceRoute {
  readonly router: Router;
  readonly budget: RetryBudget;
}

export class ServiceRouters {
  private readonly routes = new Map<string, ServiceRoute>();
  private members = new Map<string, Reachable>();

  /** Only services that some route names are kept, so their number is bounded. */
  constructor(services: readonly string[]) {
    for (const service of services) this.routes.set(service, { router: new Router(), budget: new RetryBudget() });
  }

  /** `braked`: members that a brake protects from being declared dead. */
  update(members: readonly MemberStatusView[], braked: ReadonlySet<string>): void {
    const reachable = members.filter(isReachable);
    this.members = new Map(reachable.map((member) => [member.nodeId, member]));
    for (const [service, { router }] of this.routes) router.update(reachable.filter((member) => member.service === service), braked);
  }

  of(service: string): ServiceRoute {
    const route = this.routes.get(service);
    if (route === undefined) throw new Error(`no route names the service '${service}'`);
    return route;
  }

  member(nodeId: string): Reachable | null {
    return this.members.get(nodeId) ?? null;
  }

  ejected(nowMs: number): ReadonlyMap<string, number> {
    return new Map([...this.routes].map(([service, { router }]) => [service, router.ejected(nowMs).size]));
  }
}

const isReachable = (member: MemberStatusView): member is Reachable => member.httpUrl !== null;
