/** Starts and ends the work of the producer: topics first, then records; on the way out no new records, then the bus. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Agent } from '@muster/agent';
import { LOGS_TOPIC, type MessageBus } from '@muster/contracts';
import type { ServiceHost } from '@muster/observability';
import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { FollowService } from './follow/follow.service.js';
import type { GeneratorService } from './generate/generator.service.js';
import type { LogPublisher } from './publish/log-publisher.js';

export interface ProducerLifecycleParts {
  readonly bus: MessageBus;
  readonly host: ServiceHost;
  readonly generator: GeneratorService;
  readonly follow: FollowService;
  readonly publisher: LogPublisher;
  readonly agent: Agent;
}

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5000;
const FLUSH_MS_MAX = 3000;
const FLUSH_LOOK_MS = 20;

export class ProducerLifecycle implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private topicsFault: string | null = 'topics are not there yet';

  constructor(private readonly parts: ProducerLifecycleParts) {}

  onApplicationBootstrap(): void {
    const { host, agent } = this.parts;
    const state = () => this.busState();
    host.health.register('bus', state);
    agent.registerCheck('bus', state);
    void this.begin();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.parts.generator.stop();
    await this.parts.follow.stop();
  }

  /** What is on its way gets its answer, within a limit, so that the counts at the end are final. */
  async beforeApplicationShutdown(): Promise<void> {
    const { publisher, host } = this.parts;
    for (const endMs = performance.now() + FLUSH_MS_MAX; publisher.pending() > 0 && performance.now() < endMs; ) await pause(FLUSH_LOOK_MS);
    host.logger.info({ ...publisher.totals(), unanswered: publisher.pending() }, 'no more records');
  }

  private busState(): { ok: boolean; detail: string } {
    const { state, detail } = this.parts.bus.status();
    if (this.topicsFault !== null) return { ok: false, detail: this.topicsFault };
    return { ok: state === 'up', detail: detail === '' ? state : detail };
  }

  /** The service answers before the bus is there; records begin to flow once it is. */
  private async begin(): Promise<void> {
    const { signal } = this.stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.parts.bus.ensureTopics([LOGS_TOPIC]);
        this.topicsFault = null;
        this.parts.generator.start();
        this.parts.follow.start();
        return;
      } catch (error) {
        const fault = error instanceof Error ? error.message : String(error);
        if (fault !== this.topicsFault) this.parts.host.logger.warn({ err: error }, 'the topic for logs cannot be made ready; trying again');
        this.topicsFault = fault.slice(0, 200);
        await pause(Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempt, 10)), undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
