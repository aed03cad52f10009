/** Golden scripts: what a group says and does, step by step. `UPDATE_GOLDEN=1` writes them anew: read the difference before you keep it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { replay } from '../testing/script.js';

const folder = fileURLToPath(new URL('../scripts/', import.meta.url));
const scripts = readdirSync(folder).filter((name) => name.endsWith('.raft.txt'));

test.each(scripts)('%s goes as written', (name) => {
  const replayed = replay(readFileSync(folder + name, 'utf8'));
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(folder + name, replayed);
  expect(replayed).toBe(readFileSync(folder + name, 'utf8'));
});

test('every script begins with the claim that it shows', () => {
  for (const name of scripts) expect({ name, claim: readFileSync(folder + name, 'utf8') }).toMatchObject({ claim: expect.stringMatching(/^# \S/) });
});
