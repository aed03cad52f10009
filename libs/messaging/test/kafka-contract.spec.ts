/** The Kafka adapter keeps the contract of every bus, on a real broker named by KAFKA_BROKERS. */
import { createMessageBus } from '../src/index.js';
import { messageBusContract } from '../testing/message-bus-contract.js';

const brokers = process.env['KAFKA_BROKERS'];

if (brokers === undefined || brokers === '') {
  describe('a message bus on Kafka', () => {
    it.todo('keeps the contract (set KAFKA_BROKERS=host:port to run it)');
  });
} else {
  messageBusContract('Kafka', () =>
    Promise.resolve({
      connect: (options) => createMessageBus(`kafka://${brokers}`, options),
      close: () => Promise.resolve(),
    }),
  );
}
