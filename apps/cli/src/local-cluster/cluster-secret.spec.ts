import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSecret, secretFileOf, secretOf } from './cluster-secret.js';

let home: string;
beforeEach(() => {
  home = join(mkdtempSync(join(tmpdir(), 'muster-spec-')), '.muster');
});
afterEach(() => rmSync(join(home, '..'), { recursive: true, force: true }));

describe('the secret of a local cluster', () => {
  test('is made once, and found again by whoever knows the folder', () => {
    expect(readSecret(home)).toBeNull();
    const secret = secretOf(home);
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(secretOf(home)).toBe(secret);
    expect(readSecret(home)).toBe(secret);
  });

  test('is for the owner of the cluster alone, and nothing is left beside it', () => {
    secretOf(home);
    expect(statSync(secretFileOf(home)).mode & 0o777).toBe(0o600);
    expect(readdirSync(home)).toEqual(['secret']);
  });

  test('is another one in every cluster', () => {
    expect(secretOf(home)).not.toBe(secretOf(join(home, 'other')));
  });

  test('one that a disk that was full left empty is made anew', () => {
    secretOf(home);
    writeFileSync(secretFileOf(home), '');
    expect(readSecret(home)).toBeNull();
    expect(secretOf(home)).toHaveLength(64);
  });
});
