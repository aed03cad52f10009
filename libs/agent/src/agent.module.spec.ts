import 'reflect-metadata';
import { createServer } from 'node:http';
import { until } from '@muster/testing';
import { Module } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Subject } from 'rxjs';
import { FakeBus } from '../testing/fake-bus.js';
import { Agent } from './agent.js';
import { AgentLifecycle } from './agent-lifecycle.js';
import { AgentModule } from './agent.module.js';

const BUS = Symbol('BUS');
const bus = new FakeBus();

@Module({ providers: [{ provide: BUS, useValue: bus }], exports: [BUS] })
class BusModule {}

test('in a Nest application without HTTP the agent beats from bootstrap on and leaves at shutdown', async () => {
  const moduleRef = await Test.createTestingModule({
    imports: [
      AgentModule.forRootAsync({
        imports: [BusModule],
        inject: [BUS],
        useFactory: (given: FakeBus) => ({ nodeId: 'nest-1', service: 'consumer', bus: given, coordinators: [], heartbeat: { intervalMs: 20 } }),
      }),
    ],
  }).compile();
  await moduleRef.init();
  expect(moduleRef.get(Agent).nodeId).toBe('nest-1');
  await until('two beats', () => bus.beats.length >= 2);
  await moduleRef.close();
  expect(bus.beats.slice(-2).map((beat) => beat.state)).toEqual(['leaving', 'left']);
});

/** As much of Nest's host as the lifecycle looks at, around a real server. */
function hostOf(server: object): { host: HttpAdapterHost; listen$: Subject<void> } {
  const listen$ = new Subject<void>();
  return { listen$, host: { httpAdapter: { getHttpServer: () => server }, listening: false, listen$ } as unknown as HttpAdapterHost };
}

const agentOn = (own: FakeBus) => new Agent({ nodeId: 'nest-2', service: 'consumer', bus: own, coordinators: [], heartbeat: { intervalMs: 20 } });

test('an HTTP application does not beat before it listens', async () => {
  const own = new FakeBus();
  const { host, listen$ } = hostOf(createServer());
  const lifecycle = new AgentLifecycle(agentOn(own), host);
  lifecycle.onApplicationBootstrap();
  await new Promise(setImmediate);
  expect(own.beats).toEqual([]);
  listen$.next();
  await until('a beat', () => own.beats.length > 0);
  await lifecycle.beforeApplicationShutdown();
});

test('a server that was opened before the application was made is not waited for', async () => {
  const own = new FakeBus();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const lifecycle = new AgentLifecycle(agentOn(own), hostOf(server).host);
  lifecycle.onApplicationBootstrap();
  await until('a beat', () => own.beats.length > 0);
  await lifecycle.onModuleDestroy();
  await lifecycle.beforeApplicationShutdown();
  server.close();
});
