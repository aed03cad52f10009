/** A cluster that agrees with itself alone, in memory. */
import type { Logger } from '@muster/contracts';
import { type MembershipRules, type MembershipSnapshot, membershipRules, type Outcome } from '@muster/membership';
import { type AgreedCommand, AgreedState } from '../src/agreed-state.js';
import { Cluster } from '../src/cluster.js';
import { LoneLog } from './lone-log.js';

export const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface LoneOptions {
  readonly name?: string;
  readonly nodeId?: string;
  readonly rules?: MembershipRules;
  readonly logger?: Logger;
  /** What an earlier one had agreed on. */
  readonly state?: MembershipSnapshot;
}

export function loneCluster({ name = 'test', nodeId = 'self', rules = membershipRules({ stabilisationMs: 1 }), logger = quiet, state }: LoneOptions = {}) {
  const agreed = new AgreedState(rules, logger);
  const log = new LoneLog<AgreedCommand, Outcome>(nodeId, agreed);
  if (state !== undefined) {
    agreed.restore(state);
    log.index = state.index;
    log.lead({ isLeader: true, term: state.term + 1 });
  }
  agreed.caughtUp();
  return { cluster: new Cluster({ name, nodeId, rules, logger }, agreed, log), log, agreed };
}
