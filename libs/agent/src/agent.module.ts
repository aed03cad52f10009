/**
 * The agent as a module of a NestJS application; inject `Agent` to count operations and to add checks.
 *
 * For leaving on SIGTERM the application must have called `enableShutdownHooks()`. NestJS itself is loaded only here and
 * only when a module is asked for: a bare member weighs 30 MB less without it.
 */
import type { DynamicModule, FactoryProvider, ModuleMetadata } from '@nestjs/common';
import type { AgentOptions } from './options.js';

export interface AgentAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly useFactory: (...dependencies: never[]) => AgentOptions | Promise<AgentOptions>;
  readonly inject?: FactoryProvider['inject'];
}

export class AgentModule {
  /** Goes into `imports` as it is: Nest waits for it. */
  static forRoot(options: AgentOptions): Promise<DynamicModule> {
    return AgentModule.forRootAsync({ useFactory: () => options });
  }

  static async forRootAsync(options: AgentAsyncOptions): Promise<DynamicModule> {
    const { agentNestModule } = await import('./agent-lifecycle.js');
    return agentNestModule(options);
  }
}
