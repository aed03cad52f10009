/**
 * The agent in a NestJS application: starts to beat when the application listens, leaves when it shuts down.
 *
 * For leaving on SIGTERM the application must have called `enableShutdownHooks()`.
 */
import { type BeforeApplicationShutdown, type DynamicModule, type FactoryProvider, Inject, Injectable, Module, type ModuleMetadata, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type AbstractHttpAdapter, HttpAdapterHost } from '@nestjs/core';
import type { Subscription } from 'rxjs';
import { Agent } from './agent.js';
import type { AgentOptions } from './options.js';

export const AGENT_OPTIONS = Symbol('AGENT_OPTIONS');

export interface AgentAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly useFactory: (...dependencies: never[]) => AgentOptions | Promise<AgentOptions>;
  readonly inject?: FactoryProvider['inject'];
}

/** Ties the agent to the life of the application. */
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
export class AgentModule {
  static forRoot(options: AgentOptions): DynamicModule {
    return AgentModule.forRootAsync({ useFactory: () => options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: AgentAsyncOptions): DynamicModule {
    return {
      module: AgentModule,
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
}
