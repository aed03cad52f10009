/** An embedded broker in a folder of its own, inside the test process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMessageBus, type EmbeddedBrokerOptions, startEmbeddedBroker } from '../src/index.js';
import type { BusFixture } from './message-bus-contract.js';

export interface EmbeddedFixture extends BusFixture {
  readonly socketPath: string;
  readonly dataFile: string;
  readonly url: string;
}

export async function embeddedFixture(options: Partial<EmbeddedBrokerOptions> = {}): Promise<EmbeddedFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bus-'));
  const [socketPath, dataFile] = [join(folder, 'bus.sock'), join(folder, 'bus.db')];
  const broker = await startEmbeddedBroker({ socketPath, dataFile, ...options });
  const url = `embedded:${socketPath}`;
  return {
    socketPath,
    dataFile,
    url,
    connect: (busOptions) => createMessageBus(url, busOptions),
    close: async () => {
      await broker.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
