/** An embedded broker as a process of its own, for tests that kill it: `broker-main.ts <socket> <data file>`. */
import { startEmbeddedBroker } from '../src/index.js';

const [socketPath = '', dataFile = ''] = process.argv.slice(2);
await startEmbeddedBroker({ socketPath, dataFile });
process.stdout.write('listening\n');
