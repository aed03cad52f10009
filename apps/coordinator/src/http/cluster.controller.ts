/** The cluster as this coordinator knows it: status, members and why they are what they are, past and coming changes, the live view. */
import type { ServerResponse } from 'node:http';
import type { ClusterEvent, ClusterStatus, MemberStatusView, Why } from '@muster/contracts';
import { AppError } from '@muster/observability';
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { Cluster } from '../cluster.js';
import { clusterEvent } from '../publishing/cluster-events.js';
import { Views } from '../views.js';
import type { Asked } from './asked.js';
import { Ask } from './asked.js';
import { unknownMember } from './orders.js';
import { Reads } from './reads.js';
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
    private readonly reads: Reads,
  ) {}

  @Get('status')
  status(@Ask() asked: Asked): Promise<ClusterStatus> {
    return this.reads.answer(asked, (stamp) => this.views.status(stamp));
  }

  @Get('members')
  members(@Ask() asked: Asked): Promise<{ members: MemberStatusView[] }> {
    return this.reads.answer(asked, () => ({ members: this.views.members() }));
  }

  @Get('members/:nodeId')
  member(@Ask() asked: Asked, @Param('nodeId') nodeId: string): Promise<MemberStatusView> {
    return this.reads.answer(asked, () => {
      const member = this.views.member(nodeId);
      if (member === null) throw unknownMember(nodeId);
      return member;
    });
  }

  /** What is seen is what the coordinator that answers saw. */
  @Get('members/:nodeId/why')
  why(@Ask() asked: Asked, @Param('nodeId') nodeId: string): Promise<Why> {
    return this.reads.answer(asked, () => {
      const why = this.views.why(nodeId);
      if (why === null) throw unknownMember(nodeId);
      return why;
    });
  }

  @Get('events')
  async events(@Ask() asked: Asked, @Headers('last-event-id') lastEventId: string | undefined, @Query() query: Record<string, string | undefined>, @Res() reply: JsonReply): Promise<void> {
    const since = whole('since', query['since'] ?? lastEventId, { min: 0, max: Number.MAX_SAFE_INTEGER });
    if (query['format'] === 'json') {
      const limit = whole('limit', query['limit'], { min: 1, max: LIMIT_MAX }) ?? LIMIT_DEFAULT;
      reply.send(await this.reads.answer(asked, () => this.page(since ?? 0, limit)));
      return;
    }
    this.reads.refuseSurer(asked);
    this.streams.admit();
    reply.hijack();
    // Without a place to resume from, a reader wants what comes, not what was.
    this.streams.events(reply.raw, since ?? this.cluster.membership.index);
  }

  @Get('watch')
  watch(@Ask() asked: Asked, @Res() reply: StreamReply): void {
    this.reads.refuseSurer(asked);
    this.streams.admit();
    reply.hijack();
    this.streams.watch(reply.raw, this.reads.stamp(asked, 'stale'));
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
