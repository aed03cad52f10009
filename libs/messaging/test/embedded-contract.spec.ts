/** The embedded bus keeps the contract of every bus. */
import { embeddedFixture } from '../testing/embedded-fixture.js';
import { messageBusContract } from '../testing/message-bus-contract.js';

messageBusContract('the embedded broker', embeddedFixture);
