import { closeSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cutLogIfLarge, lastLines, openLog } from './log-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-spec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a log that grew too large is set aside, and who writes to it goes on in the new one', () => {
  const file = join(folder, 'a.log');
  const log = openLog(file, 'fresh');
  writeSync(log, 'before\n');
  cutLogIfLarge(file, 7);
  expect(readFileSync(file, 'utf8')).toBe('before\n');
  cutLogIfLarge(file, 6);
  writeSync(log, 'after\n');
  closeSync(log);
  expect([readFileSync(`${file}.1`, 'utf8'), readFileSync(file, 'utf8')]).toEqual(['before\n', 'after\n']);
});

test('a start in the same run goes on in the log, a new run begins it anew', () => {
  const file = join(folder, 'deep', 'a.log');
  for (const mode of ['fresh', 'append', 'fresh'] as const) {
    const log = openLog(file, mode);
    writeSync(log, `${mode}\n`);
    closeSync(log);
    expect(lastLines(file, 5)).toEqual(mode === 'append' ? ['fresh', 'append'] : ['fresh']);
  }
});

test('the last lines of a long log are found, without blank ones; of none there are none', () => {
  const file = join(folder, 'a.log');
  writeFileSync(file, `${'x'.repeat(40_000)}\n\nlast but one\n\nlast\n`);
  expect(lastLines(file, 2)).toEqual(['last but one', 'last']);
  expect(lastLines(join(folder, 'none'), 2)).toEqual([]);
});

test('a log that is not there or cannot be set aside stays as it is, and nothing ends for it', () => {
  const file = join(folder, 'a.log');
  writeFileSync(file, 'kept\n');
  mkdirSync(`${file}.1`);
  cutLogIfLarge(file, 1);
  cutLogIfLarge(join(folder, 'none'), 1);
  expect(readFileSync(file, 'utf8')).toBe('kept\n');
});
