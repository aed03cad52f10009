import { appendFileSync, copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger, LogRecord } from '@muster/contracts';
import { until } from '@muster/testing';
import fc from 'fast-check';
import { FileFollower } from './file-follower.js';

const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A file, a follower of it that can be restarted, and all that was acknowledged. */
class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'muster-follow-'));
  readonly path = join(this.folder, 'app.log');
  readonly statePath = join(this.folder, 'state', 'follow.json');
  readonly acknowledged: LogRecord[] = [];
  /** Set to make the bus refuse. */
  publishFault: (() => boolean) | null = null;
  private follower: FileFollower | null = null;

  start(lineBytesMax = 1000, rotatedQuietMs = 20): void {
    this.follower = new FileFollower({
      path: this.path,
      statePath: this.statePath,
      producerId: 'producer-1',
      service: 'files',
      lineBytesMax,
      pollMs: 5,
      rotatedQuietMs,
      logger: quiet,
      publish: async (records, signal) => {
        while (this.publishFault?.() === true) await pause(2, undefined, { signal });
        this.acknowledged.push(...records);
      },
    });
    this.follower.start();
  }

  async stop(): Promise<void> {
    await this.follower?.stop();
    this.follower = null;
  }

  write(text: string): void {
    appendFileSync(this.path, text);
  }

  messages(): string[] {
    return this.acknowledged.map((record) => record.message);
  }

  /** Everything that was acknowledged, once it is as much as expected, each id once. */
  async allOf(count: number): Promise<string[]> {
    await until(`${JSON.stringify(this.messages().slice(-5))} of ${count}`, () => this.acknowledged.length >= count);
    const ids = new Set(this.acknowledged.map((record) => record.id));
    if (ids.size !== this.acknowledged.length) throw new Error(`${this.acknowledged.length} records share ${ids.size} ids`);
    return this.messages();
  }

  async drained(): Promise<void> {
    const size = (): number => (existsSync(this.path) ? readFileSync(this.path).length : 0);
    await until('the file is read', () => this.follower?.progress().offset === size());
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}

/** Does something once, between the next such call on any open file and its caller's next step. */
async function afterNext(call: 'stat' | 'read', act: () => void): Promise<void> {
  const handle = await open(import.meta.filename);
  const prototype = Object.getPrototypeOf(handle) as Record<typeof call, (...args: unknown[]) => Promise<unknown>>;
  await handle.close();
  const original = prototype[call];
  await new Promise<void>((resolve) => {
    prototype[call] = async function (...args) {
      prototype[call] = original;
      const result = await original.apply(this, args);
      act();
      resolve();
      return result;
    };
  });
}

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.end());

test('a file that does not exist yet is followed once it does', async () => {
  scene.start();
  scene.write('one\ntwo\n');
  expect(await scene.allOf(2)).toEqual(['one', 'two']);
});

test('an unfinished line waits for its end, also over a restart', async () => {
  scene.write('one\ntw');
  scene.start();
  expect(await scene.allOf(1)).toEqual(['one']);
  await scene.stop();
  scene.start();
  scene.write('o\nthree\n');
  expect(await scene.allOf(3)).toEqual(['one', 'two', 'three']);
});

test('a line beyond the limit is cut and marked, and does not disturb its neighbours', async () => {
  scene.start(100);
  scene.write(`one\n${'x'.repeat(700_000)}\nthree\n`);
  expect(await scene.allOf(3)).toEqual(['one', 'x'.repeat(100), 'three']);
  expect(scene.acknowledged[1]?.attributes).toEqual({ truncated: true });
});

test('a renamed file is read to its end, its last unfinished line included, before the new one', async () => {
  scene.write('one\n');
  scene.start();
  expect(await scene.allOf(1)).toEqual(['one']);
  renameSync(scene.path, `${scene.path}.1`);
  appendFileSync(`${scene.path}.1`, 'late\nlast words');
  scene.write('new\n');
  expect(await scene.allOf(4)).toEqual(['one', 'late', 'last words', 'new']);
});

test('a writer that goes on for a while in the file that was renamed is read to its end first', async () => {
  scene.write('one\n');
  scene.start(1000, 5000);
  expect(await scene.allOf(1)).toEqual(['one']);
  renameSync(scene.path, `${scene.path}.1`);
  scene.write('new\n');
  for (let count = 2; count <= 6; count++) {
    // Many looks at the file later, but before it has been quiet for long enough.
    await pause(20);
    appendFileSync(`${scene.path}.1`, `late ${count}\n`);
    await until('it is read', () => scene.acknowledged.length >= count);
  }
  expect(await scene.allOf(7)).toEqual(['one', 'late 2', 'late 3', 'late 4', 'late 5', 'late 6', 'new']);
});

test('a truncated file is read from its beginning, equal lines at equal places included', async () => {
  scene.write('same\n');
  scene.start();
  expect(await scene.allOf(1)).toEqual(['same']);
  await scene.drained();
  truncateSync(scene.path);
  await scene.drained();
  scene.write('same\nother\n');
  expect(await scene.allOf(3)).toEqual(['same', 'same', 'other']);
});

test('a file that was truncated and has outgrown its old length at once is noticed', async () => {
  scene.write('one\n');
  scene.start();
  expect(await scene.allOf(1)).toEqual(['one']);
  writeFileSync(scene.path, 'a longer line\nand another\n');
  expect(await scene.allOf(3)).toEqual(['one', 'a longer line', 'and another']);
});

test.each(['stat', 'read'] as const)('a file that is written anew right after a %s of the follower is not read from its middle', async (call) => {
  scene.write('one\n');
  scene.start();
  expect(await scene.allOf(1)).toEqual(['one']);
  await scene.drained();
  await afterNext(call, () => writeFileSync(scene.path, 'a longer line\nand another\n'));
  expect(await scene.allOf(3)).toEqual(['one', 'a longer line', 'and another']);
});

test('two rotations while nobody was following lose nothing', async () => {
  scene.write('one\n');
  scene.start();
  expect(await scene.allOf(1)).toEqual(['one']);
  await scene.stop();
  scene.write('two\n');
  await pause(15);
  renameSync(scene.path, `${scene.path}.1`);
  scene.write('three\n');
  await pause(15);
  renameSync(`${scene.path}.1`, `${scene.path}.2`);
  renameSync(scene.path, `${scene.path}.1`);
  scene.write('four\n');
  scene.start();
  expect(await scene.allOf(4)).toEqual(['one', 'two', 'three', 'four']);
});

test('lines whose acknowledgement was not noted come again under the same ids', async () => {
  scene.write('one\ntwo\n');
  scene.start();
  expect(await scene.allOf(2)).toEqual(['one', 'two']);
  await scene.drained();
  await scene.stop();
  const state = scene.statePath;
  copyFileSync(state, `${state}.old`);
  scene.write('three\n');
  scene.start();
  expect(await scene.allOf(3)).toEqual(['one', 'two', 'three']);
  await scene.stop();
  // As after a kill between the acknowledgement and the note of it.
  renameSync(`${state}.old`, state);
  scene.start();
  await until('the line came again', () => scene.acknowledged.length === 4);
  expect(scene.acknowledged[3]?.id).toBe(scene.acknowledged[2]?.id);
});

test('while the bus is away nothing is passed over', async () => {
  let isAway = true;
  scene.publishFault = () => isAway;
  scene.write('one\ntwo\n');
  scene.start();
  await scene.stop();
  scene.start();
  isAway = false;
  expect(await scene.allOf(2)).toEqual(['one', 'two']);
});

test('a file that is gone after a restart is followed by the one that took its place', async () => {
  scene.write('one\n');
  scene.start();
  await scene.drained();
  await scene.stop();
  writeFileSync(join(scene.folder, 'other'), 'two\n');
  renameSync(join(scene.folder, 'other'), scene.path);
  scene.start();
  expect(await scene.allOf(2)).toEqual(['one', 'two']);
});

type Act = 'write' | 'half' | 'rotate' | 'truncate' | 'restart';

test('whatever order of writes, rotations, truncations and restarts: every line once, in order', async () => {
  const acts = fc.array(fc.constantFrom<Act>('write', 'write', 'half', 'rotate', 'truncate', 'restart'), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(acts, async (script) => {
      const at = new Scene();
      const expected: string[] = [];
      let count = 0;
      let rotations = 0;
      try {
      at.start();
      for (const act of script) {
        if (act === 'write') {
          at.write(`line ${++count}\n`);
          expected.push(`line ${count}`);
        } else if (act === 'half') {
          at.write(`line ${++count} `);
          await pause(3);
          at.write(`is whole\n`);
          expected.push(`line ${count} is whole`);
        } else if (act === 'rotate' && existsSync(at.path)) {
          // A file that comes and goes before anybody looked was never followed.
          await until('the path is followed', () => existsSync(at.statePath));
          await pause(12);
          renameSync(at.path, `${at.path}.${++rotations}`);
        } else if (act === 'truncate' && existsSync(at.path)) {
          // What is cut off before it was read is lost to everybody.
          await at.allOf(expected.length);
          await at.drained();
          truncateSync(at.path);
          await at.drained();
        } else if (act === 'restart') {
          await at.stop();
          at.start();
        }
      }
      expect(await at.allOf(expected.length)).toEqual(expected);
      } finally {
        await at.end();
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);
