/** The cluster as this gateway knows it, with its age; the same questions as at a coordinator. */
import type { ServerResponse } from 'node:http';
import type { ClusterStatus, MemberStatusView } from '@muster/contracts';
import { AppError } from '@muster/observability';
import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { ViewKeeper } from '../view/view-keeper.js';
import { WatchRelay } from './watch-relay.js';

/** The part of Fastify's reply that a stream needs. */
interface StreamReply {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

@Controller('cluster')
export class ClusterController {
  constructor(
    @Inject(ViewKeeper) private readonly view: ViewKeeper,
    @Inject(WatchRelay) private readonly relay: WatchRelay,
  ) {}

  @Get('status')
  status(): ClusterStatus {
    return this.known();
  }

  @Get('members')
  members(): { members: MemberStatusView[] } {
    return { members: Object.values(this.known().membership).toSorted((one, other) => (one.nodeId < other.nodeId ? -1 : 1)) };
  }

  @Get('members/:id')
  member(@Param('id') nodeId: string): MemberStatusView {
    this.known();
    const member = this.view.member(nodeId);
    if (member === null) throw new AppError('MEMBER_UNKNOWN', `no member is named '${nodeId.slice(0, 128)}': GET /cluster/members lists those that are known`, { statusCode: 404 });
    return member;
  }

  @Get('watch')
  watch(@Res() reply: StreamReply): void {
    const status = this.known();
    this.relay.admit();
    reply.hijack();
    this.relay.add(reply.raw, status);
  }

  private known(): ClusterStatus {
    const status = this.view.status();
    if (status === null) throw new AppError('VIEW_UNKNOWN', `this gateway has not heard of a coordinator yet (${this.view.readiness().detail}); try again in a second`, { statusCode: 503 });
    return status;
  }
}
