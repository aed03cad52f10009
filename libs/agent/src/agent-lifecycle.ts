/**
 * Ties the agent to the life of a NestJS application: beats from listening on, leaves when it shuts down.
 *
 * Loaded by `AgentModule` when it is used, so that members without NestJS do not carry it.
 */
import { type BeforeApplicationShutdown, type DynamicModule, Inject, Injectable, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import type { Subscription } from 'rxjs';
import { Agent } from './agent.js';
import type { AgentAsyncOptions } from './agent.module.js';
import type { AgentOptions } from './options.js';

const AGENT_OPTIONS = Symbol('AGENT_OPTIONS');

@Injectable()
export class AgentLifecycle implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown {
  private listening: Subscription | undefined;

  constructor(
    @Inject(Agent) private readonly agent: Agent,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  /**
   * Whoever hears of a node may send it requests, so an HTTP application beats only once it listens. Its server may have
   * been opened before the application was made, which Nest does not tell.
   */
  onApplicationBootstrap(): void {
    const adapter: AbstractHttpAdapter | null | undefined = this.host.httpAdapter;
    const server: unknown = adapter?.getHttpServer();
    const servesHttp = adapter !== undefined && adapter !== null;
    if (servesHttp && !this.host.listening && !isListening(server)) this.listening = this.host.listen$.subscribe(() => void this.agent.start());
    else void this.agent.start();
  }

  /** First of all: requests stop coming while the rest is being closed. */
  async onModuleDestroy(): Promise<void> {
    this.listening?.unsubscribe();
    await this.agent.announceLeaving();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.agent.leave();
  }
}

function isListening(server: unknown): boolean {
  return typeof server === 'object' && server !== null && 'listening' in server && server.listening === true;
}

@Module({})
class AgentNestModule {}

export function agentNestModule({ imports = [], inject = [], useFactory }: AgentAsyncOptions): DynamicModule {
  return {
    module: AgentNestModule,
    global: true,
    imports,
    providers: [
      { provide: AGENT_OPTIONS, useFactory, inject },
      { provide: Agent, useFactory: (options: AgentOptions) => new Agent(options), inject: [AGENT_OPTIONS] },
      AgentLifecycle,
    ],
    exports: [Agent],
  };
}
