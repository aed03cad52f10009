/** Gives the parts of the host to whoever injects them, in every module. */
import { type DynamicModule, Module } from '@nestjs/common';
import { HealthRegistry } from './health-registry.js';
import { METRICS } from './metrics.js';
import { SERVICE_HOST, type ServiceHost } from './service-host.js';

/** Nest token of the frozen configuration of the service. */
export const SERVICE_CONFIG = Symbol('SERVICE_CONFIG');

@Module({})
export class HostModule {
  static forRoot(host: ServiceHost, config: unknown): DynamicModule {
    return {
      module: HostModule,
      global: true,
      providers: [
        { provide: SERVICE_HOST, useValue: host },
        { provide: SERVICE_CONFIG, useValue: config },
        { provide: METRICS, useValue: host.metrics },
        { provide: HealthRegistry, useValue: host.health },
      ],
      exports: [SERVICE_HOST, SERVICE_CONFIG, METRICS, HealthRegistry],
    };
  }
}
