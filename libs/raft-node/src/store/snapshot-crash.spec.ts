/** A snapshot that is written in parts is there as a whole or not at all, whenever its member is killed. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RaftStore } from './raft-store.js';
import { PART_BYTES } from './snapshot-parts.js';

const WRITER = fileURLToPath(new URL('../../testing/snapshot-writer.mjs', import.meta.url));
let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'muster-crash-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The index that was said last before it was killed, which comes so long after it said so many. */
async function killed(path: string, afterLines: number, delayMs: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_NO_WARNINGS: '1' } });
  let said = '';
  let isDue = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    if (isDue || said.split('\n').length <= afterLines) return;
    isDue = true;
    setTimeout(() => child.kill('SIGKILL'), delayMs);
  });
  await new Promise((done) => child.on('close', done));
  return Number(said.split('\n').at(-2));
}

test('it is as it was written, and not older than the one that was acknowledged', async () => {
  const path = join(folder, 'raft.db');
  for (const [afterLines, delayMs] of [[2, 0], [1, 3], [1, 7], [2, 12], [1, 20]] as const) {
    const acknowledged = await killed(path, afterLines, delayMs);
    const store = RaftStore.open(path);
    const { snapshot, entries } = store.restore();
    store.close();
    const index = snapshot?.index ?? 0;
    expect(index).toBeGreaterThanOrEqual(acknowledged);
    expect([snapshot?.data.byteLength, snapshot?.data.every((byte) => byte === index % 256)]).toEqual([3 * PART_BYTES + index, true]);
    expect(entries.map((entry) => entry.index - index)).toEqual(entries.map((_, at) => at + 1));
  }
});
