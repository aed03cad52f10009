/**
 * The cluster as this gateway knows it, with its age; the same questions as at a coordinator. What needs to be surer than the view, or is
 * not in it, is asked of a coordinator.
 */
import type { ServerResponse } from 'node:http';
import { type ClusterStatus, type Consistency, CONSISTENCIES, consistencySchema, READ_HEADERS } from '@muster/contracts';
import { AppError, SERVICE_HOST, type ServiceHost } from '@muster/observability';
import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ViewKeeper } from '../view/view-keeper.js';
import { CoordinatorReads } from './coordinator-reads.js';
import { WatchRelay } from './watch-relay.js';

/** The parts of Fastify's request and reply that are used here. */
interface Request {
  /** Path and query. */
  readonly url: string;
}
interface Reply {
  readonly raw: ServerResponse;
  hijack(): unknown;
  code(statusCode: number): Reply;
  headers(headers: Readonly<Record<string, string>>): Reply;
  send(body: object): unknown;
}

@Controller('cluster')
export class ClusterController {
  constructor(
    @Inject(ViewKeeper) private readonly view: ViewKeeper,
    @Inject(WatchRelay) private readonly relay: WatchRelay,
    @Inject(CoordinatorReads) private readonly coordinators: CoordinatorReads,
    @Inject(SERVICE_HOST) private readonly host: Pick<ServiceHost, 'nodeId'>,
  ) {}

  @Get('status')
  status(@Query('consistency') consistency: string | undefined, @Req() request: Request, @Res() reply: Reply): Promise<void> {
    return this.answer(consistency, request, reply, (status) => status);
  }

  @Get('members')
  members(@Query('consistency') consistency: string | undefined, @Req() request: Request, @Res() reply: Reply): Promise<void> {
    return this.answer(consistency, request, reply, ({ membership }) => ({ members: Object.values(membership).toSorted((one, other) => (one.nodeId < other.nodeId ? -1 : 1)) }));
  }

  @Get('members/:id')
  member(@Param('id') nodeId: string, @Query('consistency') consistency: string | undefined, @Req() request: Request, @Res() reply: Reply): Promise<void> {
    return this.answer(consistency, request, reply, () => {
      const member = this.view.member(nodeId);
      if (member === null) throw new AppError('MEMBER_UNKNOWN', `no member is named '${nodeId.slice(0, 128)}': GET /cluster/members lists those that are known`, { statusCode: 404 });
      return member;
    });
  }

  @Get('members/:id/why')
  why(@Req() request: Request, @Res() reply: Reply): Promise<void> {
    return this.passOn(request, reply);
  }

  @Get('events')
  events(@Query('format') format: string | undefined, @Req() request: Request, @Res() reply: Reply): Promise<void> {
    if (format !== 'json') throw new AppError('QUERY_INVALID', "format is not 'json': a gateway gives past changes in pages; for a stream of what comes take /cluster/watch", { statusCode: 400 });
    return this.passOn(request, reply);
  }

  @Get('watch')
  watch(@Res() reply: Reply): void {
    const status = this.known();
    this.relay.admit();
    reply.hijack();
    this.relay.add(reply.raw, status);
  }

  private async answer(consistency: string | undefined, request: Request, reply: Reply, of: (status: ClusterStatus) => object): Promise<void> {
    if (consistencyOf(consistency) !== 'stale') return this.passOn(request, reply);
    const status = this.known();
    const body = of(status);
    const { index, term, ageMs } = status;
    reply.headers({ [READ_HEADERS.index]: String(index), [READ_HEADERS.term]: String(term), [READ_HEADERS.ageMs]: String(ageMs), [READ_HEADERS.servedBy]: this.host.nodeId }).send(body);
  }

  private async passOn({ url }: Request, reply: Reply): Promise<void> {
    const { statusCode, headers, body } = await this.coordinators.ask(url);
    reply.code(statusCode).headers(headers).send(body);
  }

  private known(): ClusterStatus {
    const status = this.view.status();
    if (status === null) throw new AppError('VIEW_UNKNOWN', `this gateway has not heard of a coordinator yet (${this.view.readiness().detail}); try again in a second`, { statusCode: 503 });
    return status;
  }
}

function consistencyOf(text: string | undefined): Consistency {
  if (text === undefined || text === '') return 'stale';
  const parsed = consistencySchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new AppError('QUERY_INVALID', `consistency is '${String(text).slice(0, 40)}': give one of ${CONSISTENCIES.join(', ')}`, { statusCode: 400 });
}
