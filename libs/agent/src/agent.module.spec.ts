import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { FakeBus } from '../testing/fake-bus.js';
import { until } from '../testing/until.js';
import { Agent } from './agent.js';
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
