/**
 * Brings beats to the coordinators: through the bus, and by HTTP while the bus does not take them.
 *
 * Never rejects and never piles up: beyond the limit of each lane a beat is dropped, and the next one says more
 * than it would have said.
 */
import type { Beat, BeatResult, Logger } from '@muster/contracts';
import type { AgentMetrics, LaneName } from './agent-metrics.js';
import type { BusLane } from './bus-lane.js';
import type { HttpLane } from './http-lane.js';

export interface LanesOptions {
  readonly bus: BusLane | null;
  readonly http: HttpLane;
  readonly metrics: AgentMetrics;
  readonly logger: Logger;
  /** What a coordinator made of a beat that went by HTTP. */
  readonly onResult: (result: BeatResult) => void;
}

export class Lanes {
  /** At most one request at a time, and the newest beat waiting behind it. */
  private httpUnderway: Promise<boolean> | null = null;
  private httpWaiting: { beat: Beat; settle: (delivered: boolean) => void } | null = null;
  private state: LaneName | 'none' | 'unknown' = 'unknown';
  /** Sender's time of the newest beat whose fate was noted. */
  private notedMonoMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: LanesOptions) {}

  /** True when some lane took the beat. */
  async send(beat: Beat): Promise<boolean> {
    const reason = await this.sendByBus(beat);
    if (reason === null) return this.noteLane('bus', '', beat);
    const delivered = await this.sendByHttp(beat);
    return delivered && this.noteLane('http', reason, beat);
  }

  /** On both lanes at once, for words that must arrive now. True when at least one took it. */
  async sendOnBoth(beat: Beat): Promise<boolean> {
    const [reason, delivered] = await Promise.all([this.sendByBus(beat), this.sendByHttp(beat)]);
    return reason === null || delivered;
  }

  /** Null when the bus took it, else why not. */
  private async sendByBus(beat: Beat): Promise<string | null> {
    const { bus, metrics } = this.options;
    if (bus === null) return 'there is no bus';
    try {
      await bus.sendBeat(beat);
      metrics.sent('bus');
      return null;
    } catch (error) {
      metrics.failed('bus');
      return describe(error);
    }
  }

  private sendByHttp(beat: Beat): Promise<boolean> {
    if (!this.options.http.isPresent) {
      this.noteLane('none', 'no coordinator is configured', beat);
      return Promise.resolve(false);
    }
    if (this.httpUnderway === null) {
      this.httpUnderway = this.post(beat).finally(() => this.postWaiting());
      return this.httpUnderway;
    }
    if (this.httpWaiting !== null) {
      this.options.metrics.missed(1);
      this.httpWaiting.settle(false);
    }
    return new Promise((settle) => {
      this.httpWaiting = { beat, settle };
    });
  }

  private postWaiting(): void {
    this.httpUnderway = null;
    const waiting = this.httpWaiting;
    if (waiting === null) return;
    this.httpWaiting = null;
    this.httpUnderway = this.post(waiting.beat).finally(() => this.postWaiting());
    void this.httpUnderway.then(waiting.settle);
  }

  /** Never rejects. */
  private async post(beat: Beat): Promise<boolean> {
    const { http, metrics, onResult } = this.options;
    try {
      const result = await http.sendBeat(beat);
      onResult(result);
      if (result.outcome === 'rejected') throw new Error(`the coordinator rejected the beat: ${result.reason ?? 'no reason given'}`);
      metrics.sent('http');
      return true;
    } catch (error) {
      metrics.failed('http');
      this.noteLane('none', describe(error), beat);
      return false;
    }
  }

  /** One line in the log per change of lane, not per beat; a slow answer to an earlier beat changes nothing any more. */
  private noteLane(lane: LaneName | 'none', reason: string, { sentMonoMs }: Beat): true {
    if (sentMonoMs < this.notedMonoMs) return true;
    this.notedMonoMs = sentMonoMs;
    if (this.state === lane) return true;
    const before = this.state;
    this.state = lane;
    const { logger, bus, metrics } = this.options;
    metrics.lane(lane);
    const facts = { lane, before, reason };
    switch (lane) {
      case 'bus':
        logger.info(facts, before === 'unknown' ? 'beating through the bus' : 'beating through the bus again');
        break;
      case 'http':
        if (bus === null) logger.info(facts, 'beating straight to the coordinators');
        else logger.warn(facts, 'the bus does not take beats: beating straight to the coordinators');
        break;
      case 'none':
        logger.warn(facts, 'no lane takes beats: the cluster will not hear of this node until one does');
        break;
    }
    return true;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
