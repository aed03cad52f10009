export { type BusAddress, createMessageBus, parseBusUrl } from './create-message-bus.js';
export { type MessageBusOptions } from './shared/options.js';
export { DEAD_LETTER_HEADERS } from './shared/dead-letter.js';
export { type EmbeddedBrokerOptions } from './embedded/broker-options.js';
export { type EmbeddedBroker, startEmbeddedBroker } from './embedded/start-embedded-broker.js';
export { BusErrors } from './nest/bus-errors.js';
export { BusContext } from './nest/bus-context.js';
export { MessageBusStrategy, type MessageBusStrategyOptions } from './nest/message-bus-strategy.js';
export { MESSAGE_BUS, MessagingModule, type MessagingAsyncOptions } from './nest/messaging.module.js';
