/** What every `MessageBus` promises, as one suite that runs against each adapter. */
import { type BusFixture, BusWorld } from './contract/bus-world.js';
import { failingHandlerContract } from './contract/failing-handler-contract.js';
import { flowContract } from './contract/flow-contract.js';
import { groupContract } from './contract/group-contract.js';
import { orderContract } from './contract/order-contract.js';
import { positionsContract } from './contract/positions-contract.js';
import { refusalContract } from './contract/refusal-contract.js';

export { type BusFixture } from './contract/bus-world.js';

export function messageBusContract(name: string, open: () => Promise<BusFixture>): void {
  describe(`a message bus on ${name}`, () => {
    const world = new BusWorld();
    beforeAll(async () => world.begin(await open()));
    afterAll(() => world.end());

    orderContract(world);
    groupContract(world);
    positionsContract(world);
    failingHandlerContract(world);
    flowContract(world);
    refusalContract(world);
  });
}
