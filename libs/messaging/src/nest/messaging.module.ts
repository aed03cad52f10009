/** Makes a bus injectable as `MESSAGE_BUS` everywhere in an application, and closes it last. Names Nest by type only. */
import type { MessageBus } from '@muster/contracts';
import type { DynamicModule, FactoryProvider, ModuleMetadata, OnApplicationShutdown } from '@nestjs/common';

/** Injection token of the `MessageBus`. */
export const MESSAGE_BUS = Symbol('MESSAGE_BUS');

export interface MessagingAsyncOptions {
  readonly imports?: ModuleMetadata['imports'];
  readonly inject?: FactoryProvider['inject'];
  // Nest passes whatever `inject` names.
  readonly useFactory: (...dependencies: never[]) => MessageBus | Promise<MessageBus>;
}

const CLOSER = Symbol('MESSAGE_BUS_CLOSER');

export class MessagingModule {
  static forRoot(options: { readonly bus: MessageBus }): DynamicModule {
    return MessagingModule.forRootAsync({ useFactory: () => options.bus });
  }

  static forRootAsync(options: MessagingAsyncOptions): DynamicModule {
    return {
      module: MessagingModule,
      global: true,
      imports: options.imports ?? [],
      providers: [
        { provide: MESSAGE_BUS, useFactory: options.useFactory as (...dependencies: unknown[]) => MessageBus | Promise<MessageBus>, inject: options.inject ?? [] },
        { provide: CLOSER, useFactory: (bus: MessageBus): OnApplicationShutdown => ({ onApplicationShutdown: () => bus.close() }), inject: [MESSAGE_BUS] },
      ],
      exports: [MESSAGE_BUS],
    };
  }
}
