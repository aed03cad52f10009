/** The cluster as this coordinator knows it: status, members and why they are what they are, past and coming changes, the live view. */
import type { ServerResponse } from 'node:http';
import type { ClusterEvent, ClusterStatus, MemberStatusView, Why } from '@muster/contracts';
import { AppError } from '@muster/observability';
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { Cluster } from '../cluster.js';
import { clusterEvent } from '../publishing/cluster-events.js';
import { Views } from '../views.js';
import { unknownMember } from './orders.js';
import { Streams } from './streams.js';

/** The part of Fastify's reply that streams need. */
interface StreamReply {
  readonly raw: ServerResponse;
  hijack(): unknown;
}
/** The part of Fastify's reply that plain answers need. */
interface JsonReply extends StreamReply {
  send(body: object): unknown;
}

export interface EventPage {
  readonly events: readonly ClusterEvent[];
  /** Give it as `since` to read on. */
  readonly nextSince: number;
  /** Changes after `since` up to this index are no longer kept; null when none is missing. */
  readonly missingUpToIndex: number | null;
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1000;

@Controller('cluster')
export class ClusterController {
  constructor(
    private readonly cluster: Cluster,
    private readonly views: Views,
    private readonly streams: Streams,
  ) {}

  @Get('status')
  status(): ClusterStatus {
    return this.views.status();
  }

  @Get('members')
  members(): { members: MemberStatusView[] } {
    return { members: this.views.members() };
  }

  @Get('members/:nodeId')
  member(@Param('nodeId') nodeId: string): MemberStatusView {
    const member = this.views.member(nodeId);
    if (member === null) throw unknownMember(nodeId);
    return member;
  }

  @Get('members/:nodeId/why')
  why(@Param('nodeId') nodeId: string): Why {
    const why = this.views.why(nodeId);
    if (why === null) throw unknownMember(nodeId);
    return why;
  }

  @Get('events')
  events(@Headers('last-event-id') lastEventId: string | undefined, @Query() query: Record<string, string | undefined>, @Res() reply: JsonReply): void {
    const since = whole('since', query['since'] ?? lastEventId, { min: 0, max: Number.MAX_SAFE_INTEGER });
    if (query['format'] === 'json') {
      const limit = whole('limit', query['limit'], { min: 1, max: LIMIT_MAX }) ?? LIMIT_DEFAULT;
      reply.send(this.page(since ?? 0, limit));
      return;
    }
    this.streams.admit();
    reply.hijack();
    // Without a place to resume from, a reader wants what comes, not what was.
    this.streams.events(reply.raw, since ?? this.cluster.membership.index);
  }

  @Get('watch')
  watch(@Res() reply: StreamReply): void {
    this.streams.admit();
    reply.hijack();
    this.streams.watch(reply.raw);
  }

  /** Whole entries: more than `limit` where one entry alone has more, so that `since` never falls between two changes. */
  private page(since: number, limit: number): EventPage {
    const { forgottenIndex } = this.cluster.membership;
    const changes = this.cluster.membership.changesAfter(since, limit);
    const events = changes.map((change) => clusterEvent(this.cluster.name, change)).filter((event) => event !== null);
    return { events, nextSince: changes.at(-1)?.index ?? Math.max(since, forgottenIndex), missingUpToIndex: since < forgottenIndex ? forgottenIndex : null };
  }
}

function whole(name: string, text: string | undefined, range: { min: number; max: number }): number | undefined {
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
  throw new AppError('QUERY_INVALID', `${name} is '${text.slice(0, 40)}': give a whole number from ${range.min} to ${range.max}`, { statusCode: 400 });
}
