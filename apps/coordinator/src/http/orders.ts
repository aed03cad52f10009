/** What operators order about members: proposed like everything else, and answered with what became of it. */
import { describeIssues, type OperatorOrder, operatorRequestSchema, type OperatorResult } from '@muster/contracts';
import { describeRejection, type Outcome, type Rejection } from '@muster/membership';
import { AppError } from '@muster/observability';
import type { Clock } from '../clock.js';
import type { Cluster } from '../cluster.js';
import type { Proposed } from '../log/replicated-log.js';
import type { Views } from '../views.js';
import { NotNow } from './at-leader.js';

const DONE: Readonly<Record<OperatorOrder, string>> = { cordon: 'cordoned', uncordon: 'uncordoned', drain: 'drained', evict: 'evicted' };

export class Orders {
  constructor(
    private readonly cluster: Cluster,
    private readonly views: Views,
    private readonly clock: Pick<Clock, 'nowUnixMs'>,
  ) {}

  /** The reason to be kept with the change; throws an `AppError` for a body that makes no sense. */
  read(order: OperatorOrder, body: unknown): string {
    return reasonOf(order, body);
  }

  /** Resolves when the order is agreed on; throws an `AppError` when it is not carried out, `NotNow` when another coordinator has to. */
  async give(order: OperatorOrder, nodeId: string, reason: string): Promise<OperatorResult> {
    const record = this.cluster.membership.member(nodeId)?.record;
    if (record === undefined) throw unknownMember(nodeId);
    const { isLeader, term } = this.cluster.mandate();
    if (!isLeader) throw new NotNow('what was agreed before is not all known here yet');
    // Who is to be evicted is this process; one that takes its place meanwhile is not meant. Marks are about the node.
    const incarnation = order === 'evict' ? { incarnation: record.incarnation } : {};
    const proposed = await this.cluster.propose({ kind: order, term, atUnixMs: this.clock.nowUnixMs(), nodeId, reason, ...incarnation });
    if (proposed.kind !== 'applied') throw failed(proposed, order, nodeId);
    const changed = isChanged(proposed.outcome, order, nodeId);
    const member = this.views.member(nodeId);
    if (member === null) throw unknownMember(nodeId);
    return { changed, index: proposed.index, term: proposed.term, member };
  }
}

function failed(proposed: Exclude<Proposed<Outcome>, { readonly kind: 'applied' }>, order: OperatorOrder, nodeId: string): Error {
  if (proposed.kind === 'withdrawn') return new NotNow('it was withdrawn');
  switch (proposed.code) {
    case 'not-leader':
    case 'lost':
    case 'closed':
    case 'busy':
    case 'refused':
      return new NotNow(proposed.reason);
    case 'unknown':
      return new AppError('NOT_COMMITTED', `it is not known whether ${nodeId} was ${DONE[order]}: ${proposed.reason}. Order it again, which does no harm`, { statusCode: 503 });
  }
}

export function unknownMember(nodeId: string): AppError {
  return new AppError('MEMBER_UNKNOWN', `no member is named '${nodeId.slice(0, 128)}': GET /cluster/members lists those that are known`, { statusCode: 404 });
}

/** A body is asked for even where it says nothing: a page in somebody's browser can send a request without one to any address. */
function reasonOf(order: OperatorOrder, body: unknown): string {
  if (typeof body !== 'object' || body === null) throw new AppError('ORDER_INVALID', 'the body must be a JSON object such as {"reason":"new kernel","by":"ada"}, or {}: send it with Content-Type application/json', { statusCode: 400 });
  const parsed = operatorRequestSchema.safeParse(body);
  if (!parsed.success) throw new AppError('ORDER_INVALID', `${describeIssues(parsed.error)}: the body takes reason (at most 256 characters) and by (at most 128)`, { statusCode: 400 });
  const { reason, by } = parsed.data;
  return `${DONE[order]} by ${by === '' ? 'an operator' : by}${reason === '' ? '' : `: ${reason}`}`;
}

function isChanged(outcome: Outcome, order: OperatorOrder, nodeId: string): boolean {
  switch (outcome.kind) {
    case 'changed':
      return true;
    case 'noted':
    case 'many':
      return false;
    case 'rejected':
      if (outcome.rejection.kind === 'already') return false;
      // Its term was over before its turn came: the next leader is asked.
      if (outcome.rejection.kind === 'stale-term') throw new NotNow(describeRejection(outcome.rejection));
      throw refused(outcome.rejection, order, nodeId);
  }
}

function refused(rejection: Rejection, order: OperatorOrder, nodeId: string): AppError {
  const what = `${nodeId} was not ${DONE[order]}: ${describeRejection(rejection)}`;
  if (rejection.kind === 'unknown-member') return unknownMember(nodeId);
  if (rejection.kind === 'wrong-status') return new AppError('MEMBER_GONE', `${what}. Only a member that is there can be drained; cordon it to keep its next boot from serving`, { statusCode: 409 });
  return new AppError('CONFLICT', `${what}. Look at GET /cluster/members/${nodeId}, then decide`, { statusCode: 409 });
}
